-- Values for the places in documents that have some.
--
-- A table of its own: they are read when a job is printed, and listings of jobs would read past them.
CREATE TABLE job_fields (
    job_id INTEGER NOT NULL PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
    fields TEXT NOT NULL                        -- JSON: a list with an object for each label
) STRICT;
