-- Jobs can be moved. The turn of a job is its place, which is its id until somebody moves it: a job that is moved trades places with
-- those that it passes, so no two jobs ever have the same, and those that come later are behind all of them.

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
