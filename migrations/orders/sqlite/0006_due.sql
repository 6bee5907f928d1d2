-- One destination for credits, 8, instead of three, 2 to 4: when a row is due says which of
-- the ways it goes (R-MONEY-2).
UPDATE outbox SET destination = 8 WHERE destination IN (2, 3, 4);

-- Of what is due later, a start makes due at once what an earlier process had leased, and
-- nothing else. Until now, nothing else was due later.
ALTER TABLE outbox ADD COLUMN leased INTEGER NOT NULL DEFAULT 0;
UPDATE outbox SET leased = 1 WHERE due_at > created_at;
