-- The whole marketplace, first form. Times are milliseconds since 1970 (UTC), ids and digests are text, truth values are 0 or 1.

CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE log_head (
    id BIGINT PRIMARY KEY,
    audit_n BIGINT NOT NULL,
    event_n BIGINT NOT NULL,
    mac TEXT NOT NULL
);

CREATE TABLE audit (
    n BIGINT PRIMARY KEY,
    at_ms BIGINT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    action TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    detail TEXT NOT NULL,
    mac TEXT NOT NULL
);
CREATE INDEX audit_subject ON audit (subject_kind, subject_id, n);
CREATE INDEX audit_action ON audit (action, n);
CREATE INDEX audit_actor ON audit (actor_id, n);

-- audience: words separated by spaces, any of which admits a reader: all, maintainers, administrators, account:ID
CREATE TABLE events (
    n BIGINT PRIMARY KEY,
    at_ms BIGINT NOT NULL,
    topic TEXT NOT NULL,
    audience TEXT NOT NULL,
    body TEXT NOT NULL
);

CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    verified BIGINT NOT NULL,
    suspended BIGINT NOT NULL,
    reputation BIGINT NOT NULL,
    published_count BIGINT NOT NULL,
    rejected_count BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    revision BIGINT NOT NULL
);

CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL UNIQUE,
    rights TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT,
    revoked_ms BIGINT
);
CREATE INDEX tokens_account ON tokens (account_id, id);

CREATE TABLE policy_revisions (
    number BIGINT PRIMARY KEY,
    document TEXT NOT NULL,
    reason TEXT NOT NULL,
    by_id TEXT NOT NULL,
    at_ms BIGINT NOT NULL
);

-- tier and listing hold the JSON of the domain's types; listing_name repeats the name for filters
CREATE TABLE extensions (
    id TEXT PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    slug_skeleton TEXT NOT NULL,
    name TEXT NOT NULL,
    name_skeleton TEXT NOT NULL,
    description TEXT NOT NULL,
    tags TEXT NOT NULL,
    owner_id TEXT NOT NULL REFERENCES accounts (id),
    tier TEXT NOT NULL,
    listing TEXT NOT NULL,
    listing_name TEXT NOT NULL,
    offered_to TEXT REFERENCES accounts (id),
    head_version_id TEXT,
    head_number TEXT,
    head_revision BIGINT NOT NULL,
    submitted_ever BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    revision BIGINT NOT NULL
);
CREATE INDEX extensions_owner ON extensions (owner_id, id);
CREATE INDEX extensions_name_skeleton ON extensions (name_skeleton);
CREATE INDEX extensions_slug_skeleton ON extensions (slug_skeleton);
CREATE INDEX extensions_updated ON extensions (updated_ms, id);

-- one row a code; md5 is unique so that two codes with one MD5 cannot both be known
CREATE TABLE blobs (
    sha256 TEXT PRIMARY KEY,
    md5 TEXT NOT NULL UNIQUE,
    bytes BIGINT NOT NULL,
    stored_ms BIGINT NOT NULL
);

-- stage is the name, stage_data the JSON of the whole stage; document is the package without its code
CREATE TABLE versions (
    id TEXT PRIMARY KEY,
    extension_id TEXT NOT NULL REFERENCES extensions (id),
    number TEXT NOT NULL,
    precedence TEXT NOT NULL,
    stage TEXT NOT NULL,
    stage_data TEXT NOT NULL,
    document TEXT NOT NULL,
    runtime TEXT NOT NULL,
    kinds TEXT NOT NULL,
    scopes TEXT NOT NULL,
    risk BIGINT NOT NULL,
    md5 TEXT NOT NULL,
    sha256 TEXT NOT NULL REFERENCES blobs (sha256),
    bytes BIGINT NOT NULL,
    parent_id TEXT,
    source TEXT NOT NULL,
    submitted_ever BIGINT NOT NULL,
    published_ms BIGINT,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    UNIQUE (extension_id, precedence)
);
CREATE INDEX versions_sha256 ON versions (sha256);
CREATE INDEX versions_stage ON versions (stage, id);

-- numbers that were submitted once; kept by slug, they outlive the version and the extension
CREATE TABLE spent_numbers (
    slug TEXT NOT NULL,
    precedence TEXT NOT NULL,
    version_id TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (slug, precedence)
);

CREATE TABLE channel_revisions (
    extension_id TEXT NOT NULL REFERENCES extensions (id),
    channel TEXT NOT NULL,
    number BIGINT NOT NULL,
    version_id TEXT NOT NULL REFERENCES versions (id),
    version_number TEXT NOT NULL,
    reason TEXT NOT NULL,
    by_id TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (extension_id, channel, number)
);

-- stage: checking, ready, review while open is 1; ended otherwise. slug, name, number, author and the rest repeat what the queue shows.
CREATE TABLE reviews (
    id TEXT PRIMARY KEY,
    version_id TEXT NOT NULL REFERENCES versions (id),
    extension_id TEXT NOT NULL REFERENCES extensions (id),
    open BIGINT NOT NULL,
    stage TEXT NOT NULL,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    number TEXT NOT NULL,
    author_id TEXT NOT NULL REFERENCES accounts (id),
    author_name TEXT NOT NULL,
    author_reputation BIGINT NOT NULL,
    runtime TEXT NOT NULL,
    kinds TEXT NOT NULL,
    scopes TEXT NOT NULL,
    risk BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    submitted_ms BIGINT NOT NULL,
    due_ms BIGINT NOT NULL,
    risk_points BIGINT NOT NULL,
    reputation_points BIGINT NOT NULL,
    rank_ms BIGINT NOT NULL,
    approvals_needed BIGINT NOT NULL,
    claimed_by TEXT,
    claimed_by_name TEXT,
    lease_until_ms BIGINT,
    first_by TEXT,
    first_ms BIGINT,
    first_sha256 TEXT,
    findings_worst TEXT NOT NULL,
    findings_count BIGINT NOT NULL,
    notes_count BIGINT NOT NULL,
    outcome TEXT,
    ended_ms BIGINT,
    ended_by TEXT,
    revision BIGINT NOT NULL
);
CREATE INDEX reviews_open_rank ON reviews (open, rank_ms, id);
CREATE INDEX reviews_open_due ON reviews (open, due_ms, id);
CREATE INDEX reviews_open_submitted ON reviews (open, submitted_ms, id);
CREATE INDEX reviews_open_risk ON reviews (open, risk, id);
CREATE INDEX reviews_open_slug ON reviews (open, slug, id);
CREATE INDEX reviews_stage_rank ON reviews (stage, rank_ms, id);
CREATE INDEX reviews_version ON reviews (version_id, id);
CREATE INDEX reviews_extension ON reviews (extension_id, open, id);
CREATE INDEX reviews_author ON reviews (author_id, open, submitted_ms);
CREATE INDEX reviews_lease ON reviews (stage, lease_until_ms);
CREATE INDEX reviews_claimed ON reviews (claimed_by, rank_ms, id);

-- one row a scope of each open review, so that a page for one scope costs what a page costs
CREATE TABLE review_scopes (
    scope TEXT NOT NULL,
    rank_ms BIGINT NOT NULL,
    review_id TEXT NOT NULL REFERENCES reviews (id),
    PRIMARY KEY (scope, rank_ms, review_id)
);

-- what changed in a review's revision, for the answer to a stale decision
CREATE TABLE review_changes (
    review_id TEXT NOT NULL REFERENCES reviews (id),
    revision BIGINT NOT NULL,
    pointer TEXT NOT NULL,
    by_name TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (review_id, revision)
);

CREATE TABLE notes (
    id TEXT PRIMARY KEY,
    review_id TEXT NOT NULL REFERENCES reviews (id),
    by_id TEXT NOT NULL REFERENCES accounts (id),
    at_ms BIGINT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX notes_review ON notes (review_id, id);

CREATE TABLE checks (
    review_id TEXT NOT NULL REFERENCES reviews (id),
    rule TEXT NOT NULL,
    step TEXT NOT NULL,
    rule_revision BIGINT NOT NULL,
    started_ms BIGINT NOT NULL,
    ended_ms BIGINT NOT NULL,
    verdict TEXT NOT NULL,
    PRIMARY KEY (review_id, rule)
);

CREATE TABLE findings (
    id TEXT PRIMARY KEY,
    review_id TEXT NOT NULL REFERENCES reviews (id),
    rule TEXT NOT NULL,
    rule_revision BIGINT NOT NULL,
    severity TEXT NOT NULL,
    location TEXT NOT NULL,
    message TEXT NOT NULL,
    evidence TEXT NOT NULL,
    hint TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    dismissed_by TEXT,
    dismissed_ms BIGINT,
    dismissed_reason TEXT
);
CREATE INDEX findings_review ON findings (review_id, id);

CREATE TABLE dismissals (
    extension_id TEXT NOT NULL REFERENCES extensions (id),
    fingerprint TEXT NOT NULL,
    by_id TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (extension_id, fingerprint)
);

-- one dry run's report for each handler of a checked version
CREATE TABLE run_reports (
    review_id TEXT NOT NULL REFERENCES reviews (id),
    kind TEXT NOT NULL,
    report TEXT NOT NULL,
    PRIMARY KEY (review_id, kind)
);

-- state: waiting, running, done, failed
CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    state TEXT NOT NULL,
    run_after_ms BIGINT NOT NULL,
    worker TEXT NOT NULL,
    lease_until_ms BIGINT,
    attempts BIGINT NOT NULL,
    last_error TEXT NOT NULL,
    created_ms BIGINT NOT NULL
);
CREATE INDEX jobs_state ON jobs (state, run_after_ms, id);

CREATE TABLE idempotency (
    account_id TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    key TEXT NOT NULL,
    body_sha256 TEXT NOT NULL,
    status BIGINT NOT NULL,
    headers TEXT NOT NULL,
    answer TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (account_id, method, path, key)
);
CREATE INDEX idempotency_at ON idempotency (at_ms);
