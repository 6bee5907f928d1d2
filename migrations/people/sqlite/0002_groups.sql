-- Groups, who is in them, and their message logs.

CREATE TABLE chat_groups (
    id              INTEGER PRIMARY KEY CHECK (id >= 0),
    name            TEXT    NOT NULL CHECK (length(name) >= 1),
    owner_id        INTEGER NOT NULL REFERENCES users (id),
    -- Guards group_members_max under concurrent joins.
    member_count    INTEGER NOT NULL,
    -- The last place given to a member; places are never given twice.
    last_place      INTEGER NOT NULL,
    -- Message ids are dense because they are assigned under this row.
    last_message_id INTEGER NOT NULL DEFAULT 0,
    created_at      INTEGER NOT NULL,
    CONSTRAINT chat_groups_member_count_natural CHECK (member_count >= 0),
    CONSTRAINT chat_groups_last_message_id_natural CHECK (last_message_id >= 0)
) STRICT;

CREATE TABLE members (
    group_id  INTEGER NOT NULL REFERENCES chat_groups (id),
    user_id   INTEGER NOT NULL REFERENCES users (id),
    -- The order of arrival: two may join in the same millisecond.
    place     INTEGER NOT NULL,
    -- 0 member, 1 owner.
    role      INTEGER NOT NULL,
    joined_at INTEGER NOT NULL,
    CONSTRAINT members_unique PRIMARY KEY (group_id, user_id),
    CONSTRAINT members_place_unique UNIQUE (group_id, place),
    CONSTRAINT members_role_known CHECK (role IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE INDEX members_by_user ON members (user_id, group_id);

CREATE TABLE invitations (
    code       TEXT    NOT NULL PRIMARY KEY,
    group_id   INTEGER NOT NULL REFERENCES chat_groups (id),
    inviter_id INTEGER NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    CONSTRAINT invitations_code_long CHECK (length(code) >= 16)
) STRICT, WITHOUT ROWID;

CREATE INDEX invitations_by_inviter ON invitations (group_id, inviter_id, created_at);

CREATE TABLE messages (
    group_id  INTEGER NOT NULL REFERENCES chat_groups (id),
    id        INTEGER NOT NULL,
    sender_id INTEGER NOT NULL REFERENCES users (id),
    -- 1 text, 2 packet (see packet_posts), 3 joined.
    kind      INTEGER NOT NULL,
    text      TEXT,
    -- The sender's key for repeating the call; NULLs are distinct.
    key       TEXT,
    at        INTEGER NOT NULL,
    CONSTRAINT messages_unique PRIMARY KEY (group_id, id),
    CONSTRAINT messages_key_unique UNIQUE (group_id, sender_id, key),
    CONSTRAINT messages_id_from_1 CHECK (id >= 1),
    CONSTRAINT messages_kind_from_1 CHECK (kind >= 1),
    CONSTRAINT messages_text_has_text CHECK ((kind = 1) = (text IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- What a packet's message shows; greeting and cover live here, not in the order
-- shard, which holds key fields only.
CREATE TABLE packet_posts (
    order_no     INTEGER PRIMARY KEY CHECK (order_no >= 0),
    group_id     INTEGER NOT NULL,
    message_id   INTEGER NOT NULL,
    -- 0 equal, 1 lucky, 2 exclusive.
    kind         INTEGER NOT NULL,
    greeting     TEXT    NOT NULL,
    cover        TEXT    NOT NULL,
    recipient_id INTEGER REFERENCES users (id),
    CONSTRAINT packet_posts_message_unique UNIQUE (group_id, message_id),
    CONSTRAINT packet_posts_message FOREIGN KEY (group_id, message_id)
        REFERENCES messages (group_id, id),
    CONSTRAINT packet_posts_kind_known CHECK (kind IN (0, 1, 2)),
    CONSTRAINT packet_posts_recipient CHECK ((kind = 2) = (recipient_id IS NOT NULL))
) STRICT;
