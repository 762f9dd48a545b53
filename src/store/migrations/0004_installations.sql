-- Servers, the instances that serve them, and what is installed on them. Times are milliseconds since 1970 in UTC, ids
-- are text, truth values are 0 or 1.

-- an instance speaks as an account of its own
CREATE TABLE instances (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    account_id TEXT NOT NULL UNIQUE REFERENCES accounts (id),
    announced TEXT,
    heard_ms BIGINT,
    created_ms BIGINT NOT NULL,
    revision BIGINT NOT NULL
);

CREATE TABLE servers (
    id TEXT PRIMARY KEY,
    guild TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    owner_id TEXT NOT NULL REFERENCES accounts (id),
    managers TEXT NOT NULL,
    tier TEXT NOT NULL,
    instance_id TEXT NOT NULL REFERENCES instances (id),
    created_ms BIGINT NOT NULL,
    revision BIGINT NOT NULL
);
CREATE INDEX servers_owner ON servers (owner_id, id);
CREATE INDEX servers_instance ON servers (instance_id, id);
CREATE INDEX servers_tier ON servers (tier, id);

-- state: installing, active, disabled, failed, removing; data holds all of it
CREATE TABLE installations (
    id TEXT PRIMARY KEY,
    server_id TEXT NOT NULL REFERENCES servers (id),
    extension_id TEXT NOT NULL REFERENCES extensions (id),
    slug TEXT NOT NULL,
    state TEXT NOT NULL,
    data TEXT NOT NULL,
    previous TEXT,
    refused_id TEXT,
    follow TEXT NOT NULL,
    version_id TEXT,
    next_id TEXT,
    stage TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    due_ms BIGINT,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    UNIQUE (server_id, extension_id)
);
CREATE INDEX installations_extension ON installations (extension_id, id);
CREATE INDEX installations_due ON installations (due_ms, id);

-- what happened to each attempt, stage by stage
CREATE TABLE installation_steps (
    installation_id TEXT NOT NULL REFERENCES installations (id),
    attempt BIGINT NOT NULL,
    n BIGINT NOT NULL,
    version TEXT NOT NULL,
    why TEXT NOT NULL,
    word TEXT NOT NULL,
    detail TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (installation_id, attempt, n)
);

CREATE TABLE installation_configs (
    installation_id TEXT NOT NULL REFERENCES installations (id),
    revision BIGINT NOT NULL,
    document TEXT NOT NULL,
    version TEXT NOT NULL,
    by_id TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (installation_id, revision)
);

-- sealed: encrypted with a key that is kept elsewhere
CREATE TABLE installation_secrets (
    installation_id TEXT NOT NULL REFERENCES installations (id),
    name TEXT NOT NULL,
    sealed TEXT NOT NULL,
    origins TEXT NOT NULL,
    by_id TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (installation_id, name)
);

CREATE TABLE installation_flags (
    installation_id TEXT NOT NULL REFERENCES installations (id),
    name TEXT NOT NULL,
    is_on BIGINT NOT NULL,
    PRIMARY KEY (installation_id, name)
);

CREATE TABLE version_flags (
    version_id TEXT NOT NULL REFERENCES versions (id),
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (version_id, name)
);

-- how the newest revision of a channel is being brought to the servers; look_ms is nothing once all have it
CREATE TABLE rollouts (
    extension_id TEXT PRIMARY KEY REFERENCES extensions (id),
    channel_revision BIGINT NOT NULL,
    ring TEXT NOT NULL,
    since_ms BIGINT NOT NULL,
    paused TEXT,
    passed_id TEXT NOT NULL,
    look_ms BIGINT,
    revision BIGINT NOT NULL
);
CREATE INDEX rollouts_look ON rollouts (look_ms, extension_id);

-- what every instance that runs an extension has to know at once
CREATE TABLE notices (
    id TEXT PRIMARY KEY,
    extension_id TEXT NOT NULL REFERENCES extensions (id),
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    at_ms BIGINT NOT NULL
);
CREATE INDEX notices_extension ON notices (extension_id, id);

CREATE TABLE notice_confirmations (
    notice_id TEXT NOT NULL REFERENCES notices (id),
    instance_id TEXT NOT NULL REFERENCES instances (id),
    confirmed_ms BIGINT,
    PRIMARY KEY (notice_id, instance_id)
);
CREATE INDEX notice_confirmations_instance ON notice_confirmations (instance_id, confirmed_ms);

CREATE TABLE usage_windows (
    instance_id TEXT PRIMARY KEY REFERENCES instances (id),
    counted TEXT NOT NULL,
    at_ms BIGINT NOT NULL
);

-- what is counted stays when an installation goes
CREATE TABLE usage_hours (
    installation_id TEXT NOT NULL,
    hour_ms BIGINT NOT NULL,
    version_id TEXT NOT NULL,
    extension_id TEXT NOT NULL,
    server_id TEXT NOT NULL,
    calls BIGINT NOT NULL,
    errors BIGINT NOT NULL,
    fuel BIGINT NOT NULL,
    fuel_peak BIGINT NOT NULL,
    memory_bytes_peak BIGINT NOT NULL,
    run_ms BIGINT NOT NULL,
    PRIMARY KEY (installation_id, hour_ms, version_id)
);
CREATE INDEX usage_hours_extension ON usage_hours (extension_id, hour_ms);

CREATE TABLE usage_host_calls (
    installation_id TEXT NOT NULL,
    hour_ms BIGINT NOT NULL,
    scope TEXT NOT NULL,
    calls BIGINT NOT NULL,
    PRIMARY KEY (installation_id, hour_ms, scope)
);
