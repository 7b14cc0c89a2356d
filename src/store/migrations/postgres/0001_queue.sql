-- The same tables as for SQLite, file by file. Text is ordered by bytes, as there.

-- Deliveries that were accepted, by GitHub's delivery id; pruned after seven days.
CREATE TABLE deliveries (
    id          TEXT COLLATE "C" PRIMARY KEY,
    received_at BIGINT NOT NULL
);

CREATE INDEX deliveries_received_at ON deliveries (received_at);

-- Times are milliseconds since 1970.
CREATE TABLE jobs (
    id           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key          TEXT COLLATE "C" NOT NULL,
    payload      TEXT NOT NULL,
    -- Jobs this one replaced after they had begun: a JSON list of payloads whose check runs may stand open.
    left_behind  TEXT NOT NULL DEFAULT '[]',
    installation BIGINT NOT NULL,
    delivery     TEXT NOT NULL,
    -- When the pull request was as the delivery says; NULL when the delivery does not say.
    as_of        BIGINT,
    state        TEXT COLLATE "C" NOT NULL CHECK (state IN ('queued', 'running', 'dead')),
    run_at       BIGINT NOT NULL,
    lease_until  BIGINT,
    lease_token  TEXT,
    attempts     BIGINT NOT NULL DEFAULT 0,
    -- How many of the attempts ended with the worker gone.
    lost_leases  BIGINT NOT NULL DEFAULT 0,
    cause        TEXT,
    created_at   BIGINT NOT NULL,
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
    repository  TEXT COLLATE "C" NOT NULL,
    head        TEXT COLLATE "C" NOT NULL,
    check_name  TEXT COLLATE "C" NOT NULL,
    revision    BIGINT NOT NULL,
    body        TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (repository, head, check_name, revision)
);

CREATE FUNCTION dockgate_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0];
END
$$;

CREATE TRIGGER reports_are_immutable BEFORE UPDATE ON reports
FOR EACH ROW EXECUTE FUNCTION dockgate_refuse('a report is never changed');

-- Keys that dockgate makes for itself.
CREATE TABLE keys (
    name  TEXT COLLATE "C" PRIMARY KEY,
    bytes BYTEA NOT NULL
);
