-- Which groups a member keeps at the top of their list (R-WEB-1).
-- Rows that stand have the default: looking at each would hold up everybody meanwhile.
ALTER TABLE members
    ADD COLUMN pinned BIGINT NOT NULL DEFAULT 0,
    ADD CONSTRAINT members_pinned_bool CHECK (pinned IN (0, 1)) NOT VALID;
