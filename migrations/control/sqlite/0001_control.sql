-- The switches (R-CTRL-3), one row for each change: the newest is in force.
CREATE TABLE changes (
    -- Counted without gaps: a change names the version that it follows, so that of two
    -- at once one is refused.
    version    INTEGER PRIMARY KEY CHECK (version >= 1),
    -- All switches after the change, as JSON.
    switches   TEXT    NOT NULL CHECK (json_valid(switches)),
    -- What was changed, from what, to what, as JSON.
    changed    TEXT    NOT NULL CHECK (json_valid(changed)),
    changed_by INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;
