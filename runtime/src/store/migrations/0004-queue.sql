-- What people decide about jobs and queues: holding, printing again, pausing, and asking twice for the same.
--
-- SQLite cannot change a CHECK, so the table of jobs is made anew. Ids go on where they were.

CREATE TABLE jobs_new (
    id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    machine_id    TEXT NOT NULL,                -- not a foreign key: the machine may be gone
    machine_name  TEXT NOT NULL,                -- when the job was made
    function      TEXT NOT NULL,                -- of the type's contract
    state         TEXT NOT NULL
                  CHECK (state IN ('queued', 'held', 'printing', 'waiting', 'done', 'failed', 'cancelled', 'unknown')),
    title         TEXT NOT NULL,
    media_type    TEXT NOT NULL,
    document_id   INTEGER NOT NULL REFERENCES documents (id),
    copies        INTEGER NOT NULL,
    label_count   INTEGER NOT NULL,
    options       TEXT NOT NULL,                -- JSON: an object of values
    labels_done   INTEGER NOT NULL DEFAULT 0,   -- labels with an index below this are finished
    label_started INTEGER,                      -- the label that may be on the wire
    label_proof   TEXT CHECK (label_proof IN ('sent', 'acknowledged', 'counted')),  -- the weakest so far
    attempts      INTEGER NOT NULL DEFAULT 0,
    error         TEXT,                         -- JSON: why it waits, or is failed, cancelled or unknown
    next_try_at   INTEGER,
    created_at    INTEGER NOT NULL,
    started_at    INTEGER,
    finished_at   INTEGER,
    reprint_of    INTEGER,                      -- the job that this one prints again; it may be gone
    request_key   TEXT,                         -- an idempotency key; null: the client gave none
    request       TEXT,                         -- sha256 of what came with the key
    CHECK (label_started IS NULL OR state IN ('printing', 'waiting', 'unknown'))
) STRICT;
INSERT INTO jobs_new (
    id, machine_id, machine_name, function, state, title, media_type, document_id, copies, label_count, options,
    labels_done, label_started, label_proof, attempts, error, next_try_at, created_at, started_at, finished_at
) SELECT
    id, machine_id, machine_name, function, state, title, media_type, document_id, copies, label_count, options,
    labels_done, label_started, label_proof, attempts, error, next_try_at, created_at, started_at, finished_at
FROM jobs;
DELETE FROM sqlite_sequence WHERE name = 'jobs_new';
INSERT INTO sqlite_sequence (name, seq) SELECT 'jobs_new', seq FROM sqlite_sequence WHERE name = 'jobs';
DROP TABLE jobs;
ALTER TABLE jobs_new RENAME TO jobs;
CREATE INDEX jobs_by_machine ON jobs (machine_id, id);
CREATE INDEX jobs_by_document ON jobs (document_id);
-- The next job of a machine is found here, however many are over.
CREATE INDEX jobs_open ON jobs (machine_id, id) WHERE state IN ('queued', 'printing', 'waiting');
-- A machine runs one job at a time.
CREATE UNIQUE INDEX jobs_running ON jobs (machine_id) WHERE state = 'printing';
-- What somebody may want to look at.
CREATE INDEX jobs_not_done ON jobs (id) WHERE state IN ('failed', 'cancelled', 'unknown');
-- Held jobs are few, and the next job is found without walking over them.
CREATE INDEX jobs_held ON jobs (machine_id, id) WHERE state = 'held';
CREATE UNIQUE INDEX jobs_by_key ON jobs (request_key) WHERE request_key IS NOT NULL;

ALTER TABLE machines ADD COLUMN paused INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1));
