-- The first form of the database.
--
-- Time is integer milliseconds since 1970-01-01T00:00:00Z. Machine ids are UUIDs in text form, digests are sha256 in
-- 64 lower case hexadecimal digits, flags are 0 or 1. Columns that say JSON hold one JSON value.

-- The configured devices.
CREATE TABLE machines (
    id           TEXT NOT NULL PRIMARY KEY,
    name         TEXT NOT NULL UNIQUE,          -- what the operator calls it; case counts
    machine_type TEXT NOT NULL,                 -- slug; the type may be gone
    driver       TEXT NOT NULL,                 -- slug; the driver may be gone
    active       INTEGER NOT NULL CHECK (active IN (0, 1)),
    created_at   INTEGER NOT NULL
) STRICT;

-- The latest changes of each machine's state; older ones are dropped when a new one is written.
CREATE TABLE machine_states (
    id         INTEGER NOT NULL PRIMARY KEY,
    machine_id TEXT NOT NULL REFERENCES machines (id) ON DELETE CASCADE,
    state      TEXT NOT NULL,                   -- the state's name
    reason     TEXT,                            -- why, for people
    detail     TEXT NOT NULL,                   -- JSON: the whole state, with attempt and next try
    at         INTEGER NOT NULL
) STRICT;
CREATE INDEX machine_states_by_machine ON machine_states (machine_id, id);

-- What each machine last showed, for the time after a restart of the daemon.
CREATE TABLE last_known (
    machine_id TEXT NOT NULL PRIMARY KEY REFERENCES machines (id) ON DELETE CASCADE,
    code       INTEGER NOT NULL,                -- the status code of the machine's type
    name       TEXT NOT NULL,                   -- the status name of the machine's type
    text       TEXT NOT NULL,                   -- the driver's free text
    properties TEXT NOT NULL,                   -- JSON: a list of properties
    at         INTEGER NOT NULL
) STRICT;

-- The values of settings. A setting without a row has its default.
CREATE TABLE settings (
    id         INTEGER NOT NULL PRIMARY KEY,
    machine_id TEXT NOT NULL REFERENCES machines (id) ON DELETE CASCADE,
    scope      TEXT NOT NULL CHECK (scope IN ('M', 'D')),
    key        TEXT NOT NULL,                   -- upper case
    value      TEXT NOT NULL,                   -- JSON: a boolean, number or string; a secret is a sealed string
    masked     INTEGER NOT NULL CHECK (masked IN (0, 1)),  -- 1: never copy the value into audits
    changed_at INTEGER NOT NULL,
    UNIQUE (machine_id, scope, key)
) STRICT;

-- The small durable store that a driver has for each machine.
CREATE TABLE machine_values (
    id         INTEGER NOT NULL PRIMARY KEY,
    machine_id TEXT NOT NULL REFERENCES machines (id) ON DELETE CASCADE,
    key        TEXT NOT NULL,
    value      BLOB NOT NULL,
    UNIQUE (machine_id, key)
) STRICT;

-- Components that passed their install. The bytes are files in the folder `components`.
CREATE TABLE drivers (
    digest       TEXT NOT NULL PRIMARY KEY,     -- of the component
    slug         TEXT NOT NULL,
    info         TEXT NOT NULL,                 -- JSON: what `describe` answered
    contract     TEXT NOT NULL,                 -- the contract that it was checked against
    imports      TEXT NOT NULL,                 -- JSON: a list of interfaces
    size         INTEGER NOT NULL,              -- bytes
    installed_at INTEGER NOT NULL,
    enabled      INTEGER NOT NULL CHECK (enabled IN (0, 1))
) STRICT;
CREATE UNIQUE INDEX drivers_enabled ON drivers (slug) WHERE enabled = 1;

-- Compiled code that was made from components, with its own digest: native code is checked before it is loaded.
CREATE TABLE compiled (
    digest          TEXT NOT NULL,              -- of the component; not a foreign key, compiling comes before installing
    compatibility   TEXT NOT NULL,              -- of the engine and its configuration
    compiled_digest TEXT NOT NULL,              -- of the compiled code
    at              INTEGER NOT NULL,
    PRIMARY KEY (digest, compatibility)
) STRICT;

-- The documents of jobs; equal ones are stored once.
CREATE TABLE documents (
    id     INTEGER NOT NULL PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    bytes  BLOB NOT NULL
) STRICT;

-- Durable calls and the ledger of their labels. A job outlives its machine. Ids are never used again.
CREATE TABLE jobs (
    id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    machine_id    TEXT NOT NULL,                -- not a foreign key: the machine may be gone
    machine_name  TEXT NOT NULL,                -- when the job was made
    function      TEXT NOT NULL,                -- of the type's contract
    state         TEXT NOT NULL
                  CHECK (state IN ('queued', 'printing', 'waiting', 'done', 'failed', 'cancelled', 'unknown')),
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
    CHECK (label_started IS NULL OR state IN ('printing', 'waiting', 'unknown'))
) STRICT;
CREATE INDEX jobs_by_machine ON jobs (machine_id, id);
CREATE INDEX jobs_by_document ON jobs (document_id);
-- The next job of a machine is found here, however many are over.
CREATE INDEX jobs_open ON jobs (machine_id, id) WHERE state IN ('queued', 'printing', 'waiting');
-- A machine runs one job at a time.
CREATE UNIQUE INDEX jobs_running ON jobs (machine_id) WHERE state = 'printing';
-- What somebody may want to look at.
CREATE INDEX jobs_not_done ON jobs (id) WHERE state IN ('failed', 'cancelled', 'unknown');

-- What happened, in the order in which it was committed. Ids have no holes, except that old events are pruned from
-- the low end; the newest event is always kept, so that ids go on.
CREATE TABLE events (
    id         INTEGER NOT NULL PRIMARY KEY,
    at         INTEGER NOT NULL,
    v          INTEGER NOT NULL,                -- version of the form of `data`
    kind       TEXT NOT NULL,
    machine_id TEXT,
    driver     TEXT,                            -- slug
    job_id     INTEGER,
    data       TEXT NOT NULL                    -- JSON: the facts
) STRICT;

-- Who decided what.
CREATE TABLE audits (
    id      INTEGER NOT NULL PRIMARY KEY,
    at      INTEGER NOT NULL,
    who     TEXT NOT NULL,
    action  TEXT NOT NULL,                      -- such as `machine.rename`
    subject TEXT NOT NULL,                      -- such as `machine:<id>`
    before  TEXT,                               -- JSON; masked values are "***"
    after   TEXT                                -- JSON; masked values are "***"
) STRICT;
