-- Who handed a job in, and how often the configuration of a machine was changed: a client that changes what it has read can be told
-- that somebody else did so first.

ALTER TABLE jobs ADD COLUMN created_by TEXT NOT NULL DEFAULT '';
ALTER TABLE machines ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;

CREATE TRIGGER machines_revised AFTER UPDATE OF name, active, ping_interval_ms ON machines BEGIN
    UPDATE machines SET revision = revision + 1 WHERE id = new.id;
END;
CREATE TRIGGER settings_added AFTER INSERT ON settings BEGIN
    UPDATE machines SET revision = revision + 1 WHERE id = new.machine_id;
END;
CREATE TRIGGER settings_changed AFTER UPDATE OF value ON settings BEGIN
    UPDATE machines SET revision = revision + 1 WHERE id = new.machine_id;
END;
CREATE TRIGGER settings_removed AFTER DELETE ON settings BEGIN
    UPDATE machines SET revision = revision + 1 WHERE id = old.machine_id;
END;

-- Requests that must not be done twice, by the names that clients gave them. Jobs keep the names of theirs themselves.
CREATE TABLE requests (
    key      TEXT NOT NULL PRIMARY KEY,          -- who, method, path and the client's name for it
    request  TEXT NOT NULL,                      -- SHA-256 of what was asked for
    status   INTEGER,                            -- of the answer; NULL while there is none
    body     BLOB,                               -- the answer, JSON
    at       INTEGER NOT NULL
) STRICT;
CREATE INDEX requests_by_time ON requests (at);
