-- System lines in the logs, what has been read, demo members and their groups, and
-- what sessions were begun with.

-- What a demo member is known by to the server's own script; NULL for everyone else.
ALTER TABLE users ADD COLUMN demo_key TEXT
    CONSTRAINT users_demo_member_never_signs_in
        CHECK (demo_key IS NULL OR (length(demo_key) >= 1 AND account_key IS NULL));
CREATE UNIQUE INDEX users_demo_key_unique ON users (demo_key) WHERE demo_key IS NOT NULL;

-- The User-Agent at sign-in, shortened.
ALTER TABLE sessions ADD COLUMN agent TEXT NOT NULL DEFAULT ''
    CONSTRAINT sessions_agent_short CHECK (length(agent) <= 200);

-- What the demo members of a demo group speak; NULL for every other group.
ALTER TABLE chat_groups ADD COLUMN demo_language TEXT
    CONSTRAINT chat_groups_demo_language_known CHECK (demo_language IN ('zh', 'en'));
-- For whom a demo group was made, as long as they are in it: one for each person.
ALTER TABLE chat_groups ADD COLUMN demo_for INTEGER REFERENCES users (id)
    CONSTRAINT chat_groups_demo_for_demo CHECK (demo_for IS NULL OR demo_language IS NOT NULL);
CREATE UNIQUE INDEX chat_groups_demo_for_unique ON chat_groups (demo_for)
    WHERE demo_for IS NOT NULL;

ALTER TABLE members ADD COLUMN muted INTEGER NOT NULL DEFAULT 0
    CONSTRAINT members_muted_bool CHECK (muted IN (0, 1));
-- The newest entry that the member has read; 0 before the first.
ALTER TABLE members ADD COLUMN read_up_to INTEGER NOT NULL DEFAULT 0
    CONSTRAINT members_read_up_to_natural CHECK (read_up_to >= 0);
-- Whoever was there before unread messages were counted has read everything.
UPDATE members SET read_up_to =
    (SELECT last_message_id FROM chat_groups WHERE chat_groups.id = members.group_id);

-- More kinds: 4 created, 5 left, 6 removed, 7 opened, 8 finished, 9 expired. The sender
-- of 7 to 9 is the packet's. 7 is seen by the packet's sender and the openers, 9 by the
-- sender alone, everything else by everyone.
ALTER TABLE messages ADD COLUMN content TEXT
    CONSTRAINT messages_content_json
        CHECK ((kind >= 6) = (content IS NOT NULL) AND (content IS NULL OR json_valid(content)));
-- By what the server posts a line once. Not in `key`, where clients choose freely.
ALTER TABLE messages ADD COLUMN line_key TEXT
    CONSTRAINT messages_line_key
        CHECK ((kind >= 7) = (line_key IS NOT NULL) AND length(line_key) BETWEEN 1 AND 128);
CREATE UNIQUE INDEX messages_line_key_unique ON messages (group_id, line_key)
    WHERE line_key IS NOT NULL;
-- Words and packets alone, to count the unread ones.
CREATE INDEX messages_said ON messages (group_id, id, sender_id) WHERE kind <= 2;
