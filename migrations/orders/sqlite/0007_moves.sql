-- How far a sealed day has been copied to cold storage, and which node is at it (R-STORE-5).
-- A row of a day that its tables do not hold any more says nothing.
CREATE TABLE moves (
    slot       INTEGER PRIMARY KEY CHECK (slot BETWEEN 0 AND 30),
    epoch_day  INTEGER NOT NULL,
    holder     INTEGER NOT NULL,
    held_until INTEGER NOT NULL,
    -- The last packet, and the last claim by packet and place, that are copied; -1 for none.
    packet     INTEGER NOT NULL,
    claim      INTEGER NOT NULL,
    seq        INTEGER NOT NULL
) STRICT;
