-- The policy in layers. A policy's document holds only what it sets; stamps tell which revision set a field, where that
-- was an earlier one; restores names the revision it goes back to; plan_id the plan that it was applied from.

ALTER TABLE policy_revisions ADD COLUMN stamps TEXT NOT NULL DEFAULT '{}';
ALTER TABLE policy_revisions ADD COLUMN restores BIGINT;
ALTER TABLE policy_revisions ADD COLUMN plan_id TEXT;

-- what one server overrides; revisions, as with the marketplace's own policy
CREATE TABLE server_policies (
    server_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    document TEXT NOT NULL,
    stamps TEXT NOT NULL,
    reason TEXT NOT NULL,
    by_id TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (server_id, number)
);

-- drafts with what they would change; impact is the JSON of the domain's type
CREATE TABLE policy_plans (
    id TEXT PRIMARY KEY,
    base_number BIGINT NOT NULL,
    event_n BIGINT NOT NULL,
    document TEXT NOT NULL,
    document_sha256 TEXT NOT NULL,
    restores BIGINT,
    reason TEXT NOT NULL,
    impact TEXT NOT NULL,
    by_id TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    used_ms BIGINT
);
CREATE INDEX policy_plans_expires ON policy_plans (expires_ms);

-- what a run used, beside its whole report; nothing where the report is older than these columns
ALTER TABLE run_reports ADD COLUMN fuel BIGINT;
ALTER TABLE run_reports ADD COLUMN memory_bytes BIGINT;

CREATE INDEX run_reports_figures ON run_reports (review_id, fuel, memory_bytes);

CREATE INDEX reviews_ended ON reviews (ended_ms, id);
CREATE INDEX checks_rule ON checks (rule, verdict, started_ms);
