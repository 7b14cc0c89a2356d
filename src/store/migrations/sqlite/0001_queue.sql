-- Deliveries that were accepted, by GitHub's delivery id; pruned after seven days.
CREATE TABLE deliveries (
    id          TEXT PRIMARY KEY NOT NULL,
    received_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX deliveries_received_at ON deliveries (received_at);

-- Times are milliseconds since 1970.
CREATE TABLE jobs (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    key          TEXT NOT NULL,
    payload      TEXT NOT NULL,
    -- Jobs this one replaced after they had begun: a JSON list of payloads whose check runs may stand open.
    left_behind  TEXT NOT NULL DEFAULT '[]',
    installation INTEGER NOT NULL,
    delivery     TEXT NOT NULL,
    -- When the pull request was as the delivery says; NULL when the delivery does not say.
    as_of        INTEGER,
    state        TEXT NOT NULL CHECK (state IN ('queued', 'running', 'dead')),
    run_at       INTEGER NOT NULL,
    lease_until  INTEGER,
    lease_token  TEXT,
    attempts     INTEGER NOT NULL DEFAULT 0,
    -- How many of the attempts ended with the worker gone.
    lost_leases  INTEGER NOT NULL DEFAULT 0,
    cause        TEXT,
    created_at   INTEGER NOT NULL,
    CHECK ((state = 'running') = (lease_token IS NOT NULL AND lease_until IS NOT NULL))
);

-- One job waits and one runs per key, whatever the code does.
CREATE UNIQUE INDEX jobs_queued_key ON jobs (key) WHERE state = 'queued';
CREATE UNIQUE INDEX jobs_running_key ON jobs (key) WHERE state = 'running';
CREATE INDEX jobs_due ON jobs (run_at) WHERE state = 'queued';
CREATE INDEX jobs_running_installation ON jobs (installation) WHERE state = 'running';
CREATE INDEX jobs_lease_until ON jobs (lease_until) WHERE state = 'running';
CREATE INDEX jobs_dead_key ON jobs (key) WHERE state = 'dead';

-- Decision records: each revision is written once and never changed.
CREATE TABLE reports (
    repository  TEXT NOT NULL,
    head        TEXT NOT NULL,
    check_name  TEXT NOT NULL,
    revision    INTEGER NOT NULL,
    body        TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (repository, head, check_name, revision)
) WITHOUT ROWID;

CREATE TRIGGER reports_are_immutable BEFORE UPDATE ON reports
BEGIN
    SELECT RAISE(ABORT, 'a report is never changed');
END;

-- Keys that dockgate makes for itself.
CREATE TABLE keys (
    name  TEXT PRIMARY KEY NOT NULL,
    bytes BLOB NOT NULL
) WITHOUT ROWID;
