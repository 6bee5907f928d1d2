-- When a row died, which only an administrator can move from then on. Rows that died
-- before are taken for as old as they are.
ALTER TABLE outbox ADD COLUMN died_at INTEGER;
UPDATE outbox SET died_at = created_at WHERE due_at IS NULL;

-- What administrators look through, in the order of ids; next to nothing on most days.
CREATE INDEX outbox_dead ON outbox (id) WHERE due_at IS NULL;
CREATE INDEX outbox_failing ON outbox (id) WHERE attempts > 0;
