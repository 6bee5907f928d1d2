-- People and their sessions; groups, who is in them, and their message logs. Times are
-- milliseconds since the epoch.

CREATE TABLE users (
    id            BIGINT NOT NULL CHECK (id >= 0),
    name          TEXT   NOT NULL CHECK (length(name) >= 1),
    avatar        TEXT   NOT NULL CHECK (length(avatar) >= 1),
    -- The name in lower case, for accounts alone: guests may share names. The server
    -- folds it, the same way for every database.
    account_key   TEXT,
    password_hash TEXT,
    is_admin      BIGINT NOT NULL DEFAULT 0,
    -- Guards groups_per_user_max under concurrent joins.
    group_count   BIGINT NOT NULL DEFAULT 0,
    created_at    BIGINT NOT NULL,
    -- What a demo member is known by to the server's own script; NULL for everyone else.
    demo_key      TEXT,
    -- Its index is asked first: an id that is taken is drawn again.
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_account_key_unique UNIQUE (account_key),
    CONSTRAINT users_account_or_guest CHECK ((account_key IS NULL) = (password_hash IS NULL)),
    CONSTRAINT users_is_admin_bool CHECK (is_admin IN (0, 1)),
    CONSTRAINT users_group_count_natural CHECK (group_count >= 0),
    CONSTRAINT users_demo_member_never_signs_in
        CHECK (demo_key IS NULL OR (length(demo_key) >= 1 AND account_key IS NULL))
);
CREATE UNIQUE INDEX users_demo_key_unique ON users (demo_key) WHERE demo_key IS NOT NULL;

-- Only the SHA-256 of a token is here: a stolen database signs nobody in.
CREATE TABLE sessions (
    token_hash BYTEA  NOT NULL,
    user_id    BIGINT NOT NULL REFERENCES users (id),
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- The User-Agent at sign-in, shortened.
    agent      TEXT   NOT NULL DEFAULT '',
    CONSTRAINT sessions_pkey PRIMARY KEY (token_hash),
    CONSTRAINT sessions_token_hash_sha256 CHECK (length(token_hash) = 32),
    CONSTRAINT sessions_agent_short CHECK (length(agent) <= 200)
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE chat_groups (
    id              BIGINT NOT NULL CHECK (id >= 0),
    name            TEXT   NOT NULL CHECK (length(name) >= 1),
    owner_id        BIGINT NOT NULL REFERENCES users (id),
    -- Guards group_members_max under concurrent joins.
    member_count    BIGINT NOT NULL,
    -- The last place given to a member; places are never given twice.
    last_place      BIGINT NOT NULL,
    -- Message ids are dense, and committed in their order, because they are assigned
    -- under this row.
    last_message_id BIGINT NOT NULL DEFAULT 0,
    created_at      BIGINT NOT NULL,
    -- What the demo members of a demo group speak; NULL for every other group.
    demo_language   TEXT,
    -- For whom a demo group was made, as long as they are in it: one for each person.
    demo_for        BIGINT REFERENCES users (id),
    CONSTRAINT chat_groups_pkey PRIMARY KEY (id),
    CONSTRAINT chat_groups_member_count_natural CHECK (member_count >= 0),
    CONSTRAINT chat_groups_last_message_id_natural CHECK (last_message_id >= 0),
    CONSTRAINT chat_groups_demo_language_known CHECK (demo_language IN ('zh', 'en')),
    CONSTRAINT chat_groups_demo_for_demo CHECK (demo_for IS NULL OR demo_language IS NOT NULL)
);
CREATE UNIQUE INDEX chat_groups_demo_for_unique ON chat_groups (demo_for)
    WHERE demo_for IS NOT NULL;

CREATE TABLE members (
    group_id   BIGINT NOT NULL REFERENCES chat_groups (id),
    user_id    BIGINT NOT NULL REFERENCES users (id),
    -- The order of arrival: two may join in the same millisecond.
    place      BIGINT NOT NULL,
    -- 0 member, 1 owner.
    role       BIGINT NOT NULL,
    joined_at  BIGINT NOT NULL,
    muted      BIGINT NOT NULL DEFAULT 0,
    -- The newest entry that the member has read; 0 before the first.
    read_up_to BIGINT NOT NULL DEFAULT 0,
    CONSTRAINT members_unique PRIMARY KEY (group_id, user_id),
    CONSTRAINT members_place_unique UNIQUE (group_id, place),
    CONSTRAINT members_role_known CHECK (role IN (0, 1)),
    CONSTRAINT members_muted_bool CHECK (muted IN (0, 1)),
    CONSTRAINT members_read_up_to_natural CHECK (read_up_to >= 0)
);
CREATE INDEX members_by_user ON members (user_id, group_id);

CREATE TABLE invitations (
    code       TEXT   NOT NULL,
    group_id   BIGINT NOT NULL REFERENCES chat_groups (id),
    inviter_id BIGINT NOT NULL REFERENCES users (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    CONSTRAINT invitations_pkey PRIMARY KEY (code),
    CONSTRAINT invitations_code_long CHECK (length(code) >= 16)
);
CREATE INDEX invitations_by_inviter ON invitations (group_id, inviter_id, created_at);

CREATE TABLE messages (
    group_id  BIGINT NOT NULL REFERENCES chat_groups (id),
    id        BIGINT NOT NULL,
    sender_id BIGINT NOT NULL REFERENCES users (id),
    -- 1 text, 2 packet (see packet_posts), 3 joined, 4 created, 5 left, 6 removed,
    -- 7 opened, 8 finished, 9 expired. The sender of 7 to 9 is the packet's. 7 is seen by
    -- the packet's sender and the openers, 9 by the sender alone, everything else by
    -- everyone.
    kind      BIGINT NOT NULL,
    text      TEXT,
    -- The sender's key for repeating the call; NULLs are distinct.
    key       TEXT,
    at        BIGINT NOT NULL,
    content   TEXT,
    -- By what the server posts a line once. Not in `key`, where clients choose freely.
    line_key  TEXT,
    CONSTRAINT messages_unique PRIMARY KEY (group_id, id),
    CONSTRAINT messages_key_unique UNIQUE (group_id, sender_id, key),
    CONSTRAINT messages_id_from_1 CHECK (id >= 1),
    CONSTRAINT messages_kind_from_1 CHECK (kind >= 1),
    CONSTRAINT messages_text_has_text CHECK ((kind = 1) = (text IS NOT NULL)),
    -- A text that is no JSON cannot be cast, which refuses the row.
    CONSTRAINT messages_content_json CHECK (
        (kind >= 6) = (content IS NOT NULL) AND (content IS NULL OR content::json IS NOT NULL)
    ),
    CONSTRAINT messages_line_key CHECK (
        (kind >= 7) = (line_key IS NOT NULL) AND length(line_key) BETWEEN 1 AND 128
    )
);
CREATE UNIQUE INDEX messages_line_key_unique ON messages (group_id, line_key)
    WHERE line_key IS NOT NULL;
-- Words and packets alone, to count the unread ones.
CREATE INDEX messages_said ON messages (group_id, id, sender_id) WHERE kind <= 2;

-- What a packet's message shows; greeting and cover live here, not in the order shard,
-- which holds key fields only.
CREATE TABLE packet_posts (
    order_no     BIGINT NOT NULL CHECK (order_no >= 0),
    group_id     BIGINT NOT NULL,
    message_id   BIGINT NOT NULL,
    -- 0 equal, 1 lucky, 2 exclusive.
    kind         BIGINT NOT NULL,
    greeting     TEXT   NOT NULL,
    cover        TEXT   NOT NULL,
    recipient_id BIGINT REFERENCES users (id),
    CONSTRAINT packet_posts_pkey PRIMARY KEY (order_no),
    CONSTRAINT packet_posts_message_unique UNIQUE (group_id, message_id),
    CONSTRAINT packet_posts_message FOREIGN KEY (group_id, message_id)
        REFERENCES messages (group_id, id),
    CONSTRAINT packet_posts_kind_known CHECK (kind IN (0, 1, 2)),
    CONSTRAINT packet_posts_recipient CHECK ((kind = 2) = (recipient_id IS NOT NULL))
);
