-- Who may do what: tokens, and sessions of the page that were begun with one. Secrets are kept as SHA-256 only; they are
-- random, so nothing slower is needed.

CREATE TABLE tokens (
    id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name          TEXT NOT NULL,
    hash          BLOB NOT NULL,                -- of the secret
    role          TEXT NOT NULL,
    machines      TEXT,                         -- JSON: a list of ids; NULL for all machines
    created_at    INTEGER NOT NULL,
    created_by    TEXT NOT NULL,
    expires_at    INTEGER,
    revoked_at    INTEGER,
    last_used_at  INTEGER
) STRICT;
CREATE UNIQUE INDEX tokens_by_name ON tokens (name) WHERE revoked_at IS NULL;

CREATE TABLE sessions (
    id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    token_id      INTEGER NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    hash          BLOB NOT NULL,                -- of the secret in the cookie
    expires_at    INTEGER NOT NULL
) STRICT;
