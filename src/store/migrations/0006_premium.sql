-- What is sold for points, and where the points are. Times are milliseconds since 1970 in UTC, ids are text.

-- since when an extension that was free before costs points; one that always did has no row
CREATE TABLE premium_extensions (
    extension_id TEXT PRIMARY KEY REFERENCES extensions (id),
    since_ms BIGINT NOT NULL
);

-- a purchase is what entitles its account, until it is refunded; key is the buyer's own, so that it is bought once
CREATE TABLE purchases (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    extension_id TEXT NOT NULL REFERENCES extensions (id),
    slug TEXT NOT NULL,
    author_id TEXT NOT NULL REFERENCES accounts (id),
    price_points BIGINT NOT NULL,
    share_percent BIGINT NOT NULL,
    author_points BIGINT NOT NULL,
    key TEXT NOT NULL,
    refundable_until_ms BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    refunded_ms BIGINT,
    UNIQUE (account_id, key)
);
CREATE UNIQUE INDEX purchases_live ON purchases (account_id, extension_id) WHERE refunded_ms IS NULL;
CREATE INDEX purchases_account ON purchases (account_id, id);
CREATE INDEX purchases_author ON purchases (author_id, at_ms);
CREATE INDEX purchases_author_refunded ON purchases (author_id, refunded_ms);
CREATE INDEX purchases_extension ON purchases (extension_id, at_ms);
CREATE INDEX purchases_at ON purchases (at_ms);
CREATE INDEX purchases_refunded ON purchases (refunded_ms);

-- rows of these two are added and never changed
CREATE TABLE ledger_entries (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    purchase_id TEXT REFERENCES purchases (id),
    reason TEXT NOT NULL,
    by_id TEXT NOT NULL,
    at_ms BIGINT NOT NULL
);
CREATE INDEX ledger_entries_purchase ON ledger_entries (purchase_id);

-- account: issued, market, or an account's id; n counts the postings of one account, balance is what it has after it
CREATE TABLE ledger_postings (
    account TEXT NOT NULL,
    n BIGINT NOT NULL,
    entry_id TEXT NOT NULL REFERENCES ledger_entries (id),
    points BIGINT NOT NULL,
    balance BIGINT NOT NULL,
    PRIMARY KEY (account, n)
);
CREATE INDEX ledger_postings_entry ON ledger_postings (entry_id);
