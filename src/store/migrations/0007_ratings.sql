-- Ratings, what is said about a rejection, and what reputations are computed from. Times are milliseconds since 1970 in
-- UTC, ids are text, truth values are 0 or 1.

-- one row an account and extension; state: shown, hidden, deleted; credited_to is who owned the extension when it counted
CREATE TABLE ratings (
    id TEXT PRIMARY KEY,
    extension_id TEXT NOT NULL REFERENCES extensions (id),
    account_id TEXT NOT NULL REFERENCES accounts (id),
    version_id TEXT NOT NULL REFERENCES versions (id),
    number TEXT NOT NULL,
    stars BIGINT NOT NULL,
    text TEXT NOT NULL,
    state TEXT NOT NULL,
    reply TEXT,
    reply_by TEXT REFERENCES accounts (id),
    reply_ms BIGINT,
    credited_to TEXT NOT NULL REFERENCES accounts (id),
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    UNIQUE (extension_id, account_id)
);
CREATE INDEX ratings_extension ON ratings (extension_id, state, updated_ms, id);
CREATE INDEX ratings_account ON ratings (account_id, id);
CREATE INDEX ratings_credited ON ratings (credited_to, state, stars);

-- what every rating was after each change; the words of a deleted one are gone from here too
CREATE TABLE rating_history (
    rating_id TEXT NOT NULL REFERENCES ratings (id),
    revision BIGINT NOT NULL,
    extension_id TEXT NOT NULL,
    what TEXT NOT NULL,
    number TEXT NOT NULL,
    stars BIGINT NOT NULL,
    text TEXT NOT NULL,
    by_id TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (rating_id, revision)
);
CREATE INDEX rating_history_extension ON rating_history (extension_id, at_ms);
CREATE INDEX rating_history_by ON rating_history (by_id, at_ms);

-- how many ratings are shown; changed only together with a row of ratings
CREATE TABLE rating_counts (
    extension_id TEXT NOT NULL REFERENCES extensions (id),
    version_id TEXT NOT NULL,
    stars BIGINT NOT NULL,
    number TEXT NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (extension_id, version_id, stars)
);

-- state: open, upheld, dismissed, moot
CREATE TABLE rating_reports (
    id TEXT PRIMARY KEY,
    rating_id TEXT NOT NULL REFERENCES ratings (id),
    rating_revision BIGINT NOT NULL,
    extension_id TEXT NOT NULL REFERENCES extensions (id),
    by_id TEXT NOT NULL REFERENCES accounts (id),
    reason TEXT NOT NULL,
    text TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    state TEXT NOT NULL,
    decided_by TEXT REFERENCES accounts (id),
    decided_ms BIGINT,
    decided_reason TEXT,
    revision BIGINT NOT NULL,
    UNIQUE (rating_id, by_id, rating_revision)
);
CREATE INDEX rating_reports_state ON rating_reports (state, id);
CREATE INDEX rating_reports_by ON rating_reports (by_id, at_ms);

-- what happened that an account's reputation is made of; appended, never changed. kind: published, rejected, verified,
-- reported, rated; amount is what it adds to the count of its kind, stars what it adds to the sum of stars
CREATE TABLE reputation_events (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    n BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    kind TEXT NOT NULL,
    amount BIGINT NOT NULL,
    stars BIGINT NOT NULL,
    subject TEXT NOT NULL,
    about TEXT NOT NULL,
    PRIMARY KEY (account_id, n)
);
CREATE INDEX reputation_events_at ON reputation_events (account_id, at_ms, kind, amount, stars);

INSERT INTO reputation_events (account_id, n, at_ms, kind, amount, stars, subject, about)
SELECT account_id, ROW_NUMBER() OVER (PARTITION BY account_id ORDER BY at_ms, subject), at_ms, kind, 1, 0, subject, about
FROM (
    SELECT author_id AS account_id, ended_ms AS at_ms, outcome AS kind, id AS subject, slug || ' ' || number AS about
    FROM reviews WHERE outcome IN ('published', 'rejected')
    UNION ALL
    SELECT id, created_ms, 'verified', id, 'before changes were kept' FROM accounts WHERE verified = 1
) AS past;

ALTER TABLE accounts DROP COLUMN published_count;
ALTER TABLE accounts DROP COLUMN rejected_count;
CREATE INDEX accounts_reputation ON accounts (reputation, id);

-- what owner and reviewers say to one another about a review; turn: owner, reviewers, nobody
CREATE TABLE threads (
    review_id TEXT PRIMARY KEY REFERENCES reviews (id),
    extension_id TEXT NOT NULL REFERENCES extensions (id),
    owner_id TEXT NOT NULL REFERENCES accounts (id),
    turn TEXT NOT NULL,
    messages BIGINT NOT NULL,
    opened_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    revision BIGINT NOT NULL
);
CREATE INDEX threads_turn ON threads (turn, updated_ms, review_id);
CREATE INDEX threads_owner ON threads (owner_id, updated_ms, review_id);
CREATE INDEX threads_updated ON threads (updated_ms, review_id);
CREATE INDEX threads_extension ON threads (extension_id, turn);

-- side: owner, reviewer, checks; by_id is nothing where the checks speak
CREATE TABLE thread_messages (
    review_id TEXT NOT NULL REFERENCES threads (review_id),
    n BIGINT NOT NULL,
    side TEXT NOT NULL,
    by_id TEXT REFERENCES accounts (id),
    text TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (review_id, n)
);
CREATE INDEX thread_messages_by ON thread_messages (by_id, at_ms);

-- up to which message an account has read
CREATE TABLE thread_reads (
    review_id TEXT NOT NULL REFERENCES threads (review_id),
    account_id TEXT NOT NULL REFERENCES accounts (id),
    read_n BIGINT NOT NULL,
    PRIMARY KEY (review_id, account_id)
);

-- what is put into the editor for a reason, where administrators changed what the program brings
CREATE TABLE feedback_templates (
    reason TEXT PRIMARY KEY,
    text TEXT NOT NULL,
    by_id TEXT NOT NULL REFERENCES accounts (id),
    at_ms BIGINT NOT NULL,
    revision BIGINT NOT NULL
);

-- whose turn a review's thread says it is; when somebody first claimed it; why it was rejected
ALTER TABLE reviews ADD COLUMN thread_turn TEXT NOT NULL DEFAULT '';
ALTER TABLE reviews ADD COLUMN first_claimed_ms BIGINT;
ALTER TABLE reviews ADD COLUMN reason TEXT;
CREATE INDEX reviews_first_claimed ON reviews (first_claimed_ms, submitted_ms);
UPDATE reviews SET first_claimed_ms = (
    SELECT MIN(c.at_ms) FROM review_changes c WHERE c.review_id = reviews.id AND c.pointer = '/claimed_by'
);
UPDATE reviews SET reason = (
    SELECT CASE
        WHEN v.stage_data LIKE '%"reason":"security"%' THEN 'security'
        WHEN v.stage_data LIKE '%"reason":"privacy"%' THEN 'privacy'
        WHEN v.stage_data LIKE '%"reason":"scopes_excessive"%' THEN 'scopes_excessive'
        WHEN v.stage_data LIKE '%"reason":"broken"%' THEN 'broken'
        WHEN v.stage_data LIKE '%"reason":"quality"%' THEN 'quality'
        WHEN v.stage_data LIKE '%"reason":"policy"%' THEN 'policy'
        WHEN v.stage_data LIKE '%"reason":"duplicate"%' THEN 'duplicate'
        WHEN v.stage_data LIKE '%"reason":"spam"%' THEN 'spam'
        ELSE 'other' END
    FROM versions v WHERE v.id = reviews.version_id
) WHERE outcome IN ('rejected', 'failed_checks');
