-- The queue is the open reviews alone: what has ended leaves its indexes, so that they stay as short as the queue and a
-- decision takes entries out of them without putting others in.
DROP INDEX reviews_open_rank;
DROP INDEX reviews_open_due;
DROP INDEX reviews_open_submitted;
DROP INDEX reviews_open_risk;
DROP INDEX reviews_open_slug;
DROP INDEX reviews_lease;
DROP INDEX reviews_claimed;
CREATE INDEX reviews_open_rank ON reviews (rank_ms, id) WHERE open = 1;
CREATE INDEX reviews_open_due ON reviews (due_ms, id) WHERE open = 1;
CREATE INDEX reviews_open_submitted ON reviews (submitted_ms, id) WHERE open = 1;
CREATE INDEX reviews_open_risk ON reviews (risk, id) WHERE open = 1;
CREATE INDEX reviews_open_slug ON reviews (slug, id) WHERE open = 1;
CREATE INDEX reviews_lease ON reviews (stage, lease_until_ms) WHERE open = 1;
CREATE INDEX reviews_claimed ON reviews (claimed_by, rank_ms, id) WHERE open = 1;
