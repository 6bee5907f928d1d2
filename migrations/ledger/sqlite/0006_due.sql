-- See the order shards.
ALTER TABLE outbox ADD COLUMN leased INTEGER NOT NULL DEFAULT 0;
UPDATE outbox SET leased = 1 WHERE due_at > created_at;
