-- What is kept under a name: caches, cursors, claims, waivers.
CREATE TABLE kept (
    shelf TEXT NOT NULL,
    name  TEXT NOT NULL,
    body  TEXT NOT NULL,
    -- NULL: until it is forgotten.
    until INTEGER,
    PRIMARY KEY (shelf, name)
) WITHOUT ROWID;

CREATE INDEX kept_until ON kept (until) WHERE until IS NOT NULL;

-- What was decided, by whom, about what.
CREATE TABLE audit (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    at           INTEGER NOT NULL,
    repository   TEXT NOT NULL,
    pull_request INTEGER,
    head         TEXT,
    event        TEXT NOT NULL,
    actor        TEXT,
    detail       TEXT NOT NULL
);

CREATE INDEX audit_repository ON audit (repository, id);

CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is never changed');
END;

CREATE TRIGGER audit_is_never_shortened BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is never shortened');
END;
