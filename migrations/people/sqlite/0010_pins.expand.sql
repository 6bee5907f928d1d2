-- Which groups a member keeps at the top of their list (R-WEB-1).
ALTER TABLE members ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0
    CONSTRAINT members_pinned_bool CHECK (pinned IN (0, 1));
