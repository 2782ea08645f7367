-- Label templates: sources with versions, and rows of values that are kept for them.

CREATE TABLE templates (
    id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name          TEXT NOT NULL UNIQUE,         -- a slug, as the header of its source says
    built_in      INTEGER NOT NULL CHECK (built_in IN (0, 1)),  -- came with ostler, under this name
    version       INTEGER NOT NULL              -- the latest
) STRICT;

CREATE TABLE template_versions (
    template_id   INTEGER NOT NULL REFERENCES templates (id) ON DELETE CASCADE,
    version       INTEGER NOT NULL,             -- from 1
    source        TEXT NOT NULL,                -- the whole file
    created_at    INTEGER NOT NULL,
    created_by    TEXT NOT NULL,
    PRIMARY KEY (template_id, version)
) STRICT;

CREATE TABLE template_rows (
    id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    template_id   INTEGER NOT NULL REFERENCES templates (id) ON DELETE CASCADE,
    fields        TEXT NOT NULL,                -- JSON: an object of texts
    created_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX template_rows_by_template ON template_rows (template_id, id);
