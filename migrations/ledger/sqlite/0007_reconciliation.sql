-- How far reconciliation has come, and who is at it (R-MONEY-3): one node at a time, history
-- once, and from then on what is new or was not over.
CREATE TABLE reconciliation (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    -- Packets that had ended before were seen; NULL before the first time.
    since       INTEGER,
    -- Payments up to this transfer were seen.
    transfer_id INTEGER NOT NULL,
    -- Order numbers to look at once more, as a JSON array.
    again       TEXT    NOT NULL CHECK (json_valid(again)),
    ended_at    INTEGER NOT NULL,
    holder      INTEGER NOT NULL,
    held_until  INTEGER NOT NULL
) STRICT;
INSERT INTO reconciliation VALUES (1, NULL, 0, '[]', 0, 0, 0);
