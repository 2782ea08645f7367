-- Plugins, and what operators decide about drivers and machines beside their settings.

-- Machine types and drivers that come together. The files of the types are small texts and stand here; components are
-- rows of `drivers`.
CREATE TABLE plugins (
    slug         TEXT NOT NULL PRIMARY KEY,
    name         TEXT NOT NULL,
    description  TEXT NOT NULL,
    version      TEXT NOT NULL,
    types        TEXT NOT NULL,                 -- JSON: a list of type sources
    drivers      TEXT NOT NULL,                 -- JSON: a list of components, and what became of each
    installed_at INTEGER NOT NULL,
    enabled      INTEGER NOT NULL CHECK (enabled IN (0, 1))
) STRICT;

ALTER TABLE drivers ADD COLUMN plugin TEXT;         -- slug of the plugin that brought it; null: installed by itself
ALTER TABLE drivers ADD COLUMN enabled_at INTEGER;  -- when it was enabled last; null: never

-- How many machines an instance of a driver serves: all of them, or one each. A driver without a row: all.
CREATE TABLE driver_policies (
    slug      TEXT NOT NULL PRIMARY KEY,
    isolation TEXT NOT NULL CHECK (isolation IN ('driver', 'machine'))
) STRICT;

-- What functions that ran as jobs returned.
CREATE TABLE job_results (
    job_id INTEGER NOT NULL PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
    result TEXT NOT NULL                        -- JSON
) STRICT;

ALTER TABLE machines ADD COLUMN ping_interval_ms INTEGER;  -- null: the daemon's; 0: never
