-- What of a day stands in cold storage alone, because a clock that was ahead had it emptied before
-- it was over (R-STORE-5, R-CTRL-5): counted when it was reopened.
ALTER TABLE moves ADD COLUMN gone_packets INTEGER NOT NULL DEFAULT 0;
ALTER TABLE moves ADD COLUMN gone_total_fen INTEGER NOT NULL DEFAULT 0;
ALTER TABLE moves ADD COLUMN gone_claims INTEGER NOT NULL DEFAULT 0;
ALTER TABLE moves ADD COLUMN gone_claimed_fen INTEGER NOT NULL DEFAULT 0;
