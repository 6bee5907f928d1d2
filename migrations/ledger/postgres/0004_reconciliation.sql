-- How far reconciliation has come, and who is at it (R-MONEY-3): one node at a time, history
-- once, and from then on what is new or was not over.
CREATE TABLE reconciliation (
    id          BIGINT PRIMARY KEY CHECK (id = 1),
    -- Packets that had ended before were seen; NULL before the first time.
    since       BIGINT,
    -- Payments up to this transfer were seen.
    transfer_id BIGINT NOT NULL,
    -- Order numbers to look at once more, as a JSON array.
    again       TEXT    NOT NULL,
    ended_at    BIGINT NOT NULL,
    holder      BIGINT NOT NULL,
    held_until  BIGINT NOT NULL
);
INSERT INTO reconciliation VALUES (1, NULL, 0, '[]', 0, 0, 0);
