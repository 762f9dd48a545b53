-- One row for each run of a server that shares the database. clock_ms is the node's own clock at its last sign of life, beat_ms the database's.

CREATE TABLE nodes (
    id TEXT PRIMARY KEY,
    host TEXT NOT NULL,
    address TEXT NOT NULL,
    version TEXT NOT NULL,
    key_fingerprint TEXT NOT NULL,
    started_ms BIGINT NOT NULL,
    clock_ms BIGINT NOT NULL,
    beat_ms BIGINT NOT NULL
);
