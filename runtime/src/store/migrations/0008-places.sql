-- Jobs can be moved in their queue. The turn of a job is its place, which is its id until somebody moves it: jobs that are moved trade
-- places with those that they pass, and a place at the end is drawn from the sequence of ids, so no two jobs ever have the same.

ALTER TABLE jobs ADD COLUMN place INTEGER;      -- null: the id
DROP INDEX jobs_open;
CREATE INDEX jobs_open ON jobs (machine_id, coalesce(place, id)) WHERE state IN ('queued', 'printing', 'waiting');
DROP INDEX jobs_held;
CREATE INDEX jobs_held ON jobs (machine_id, coalesce(place, id)) WHERE state = 'held';

-- What an operator allows a driver beyond the settings of its machines. It goes with the last component of the driver.
CREATE TABLE grants (
    driver TEXT NOT NULL,                       -- slug
    name   TEXT NOT NULL,                       -- such as `link-local`
    who    TEXT NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (driver, name)
) STRICT, WITHOUT ROWID;
