-- How far a sealed day has been copied to cold storage, and which node is at it (R-STORE-5).
-- A row of a day that its tables do not hold any more says nothing.
CREATE TABLE moves (
    slot       BIGINT PRIMARY KEY CHECK (slot BETWEEN 0 AND 30),
    epoch_day  BIGINT NOT NULL,
    holder     BIGINT NOT NULL,
    held_until BIGINT NOT NULL,
    -- The last packet, and the last claim by packet and place, that are copied; -1 for none.
    packet     BIGINT NOT NULL,
    claim      BIGINT NOT NULL,
    seq        BIGINT NOT NULL
);
