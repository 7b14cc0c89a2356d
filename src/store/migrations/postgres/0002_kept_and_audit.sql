-- What is kept under a name: caches, cursors, claims, waivers.
CREATE TABLE kept (
    shelf TEXT COLLATE "C" NOT NULL,
    name  TEXT COLLATE "C" NOT NULL,
    body  TEXT NOT NULL,
    -- NULL: until it is forgotten.
    until BIGINT,
    PRIMARY KEY (shelf, name)
);

CREATE INDEX kept_until ON kept (until) WHERE until IS NOT NULL;

-- What was decided, by whom, about what.
CREATE TABLE audit (
    id           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at           BIGINT NOT NULL,
    repository   TEXT COLLATE "C" NOT NULL,
    pull_request BIGINT,
    head         TEXT,
    event        TEXT NOT NULL,
    actor        TEXT,
    detail       TEXT NOT NULL
);

CREATE INDEX audit_repository ON audit (repository, id);

CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
FOR EACH ROW EXECUTE FUNCTION dockgate_refuse('the audit log is never changed');

CREATE TRIGGER audit_is_never_shortened BEFORE DELETE ON audit
FOR EACH ROW EXECUTE FUNCTION dockgate_refuse('the audit log is never shortened');

CREATE TRIGGER audit_is_never_emptied BEFORE TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION dockgate_refuse('the audit log is never shortened');
