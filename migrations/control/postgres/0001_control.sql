-- The switches (R-CTRL-3), one row for each change: the newest is in force.
CREATE TABLE changes (
    -- Counted without gaps: a change names the version that it follows, so that of two
    -- at once one is refused.
    version    BIGINT PRIMARY KEY CHECK (version >= 1),
    -- All switches after the change, as JSON.
    switches   TEXT   NOT NULL CHECK (switches::json IS NOT NULL),
    -- What was changed, from what, to what, as JSON.
    changed    TEXT   NOT NULL CHECK (changed::json IS NOT NULL),
    changed_by BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);
