-- Whose open reviews have yet to move to the places that their author's reputation gives them: 1 until they did.
ALTER TABLE accounts ADD COLUMN moves_due BIGINT NOT NULL DEFAULT 0;
CREATE INDEX accounts_moves_due ON accounts (id) WHERE moves_due = 1;
