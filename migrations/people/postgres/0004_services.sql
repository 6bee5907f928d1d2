-- Programs (R-API-5): their accounts and tokens, whom and which rooms of theirs they have linked,
-- and whose act it was.

CREATE TABLE services (
    id               BIGINT NOT NULL CONSTRAINT services_pkey PRIMARY KEY CHECK (id >= 0),
    name             TEXT   NOT NULL,
    -- A bit each: 1 act, 2 read, 4 grant, 8 webhooks, 16 administer.
    scopes           BIGINT NOT NULL,
    calls_per_minute BIGINT NOT NULL,
    created_at       BIGINT NOT NULL,
    -- Coarsely: a write per call would cost more than the call.
    seen_at          BIGINT,
    revoked_at       BIGINT,
    CONSTRAINT services_name_unique UNIQUE (name),
    CONSTRAINT services_name_long CHECK (length(name) BETWEEN 1 AND 64),
    CONSTRAINT services_scopes_known CHECK (scopes BETWEEN 1 AND 31),
    CONSTRAINT services_calls_positive CHECK (calls_per_minute >= 1)
);

-- Only the SHA-256 of a token is here. Several at a time, while one takes over from another.
CREATE TABLE service_tokens (
    token_hash BYTEA  NOT NULL PRIMARY KEY,
    service_id BIGINT NOT NULL REFERENCES services (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    CONSTRAINT service_tokens_sha256 CHECK (length(token_hash) = 32)
);
CREATE INDEX service_tokens_by_service ON service_tokens (service_id, expires_at);

-- A service's people and rooms, by its own names for them.
CREATE TABLE linked_people (
    service_id  BIGINT NOT NULL REFERENCES services (id),
    provider    TEXT   NOT NULL,
    external_id TEXT   NOT NULL,
    user_id     BIGINT NOT NULL REFERENCES users (id),
    at          BIGINT NOT NULL,
    CONSTRAINT linked_people_unique PRIMARY KEY (service_id, provider, external_id),
    CONSTRAINT linked_people_provider CHECK (length(provider) BETWEEN 1 AND 32),
    CONSTRAINT linked_people_id CHECK (length(external_id) BETWEEN 1 AND 128)
);
CREATE INDEX linked_people_by_user ON linked_people (user_id);

CREATE TABLE linked_rooms (
    service_id  BIGINT NOT NULL REFERENCES services (id),
    provider    TEXT   NOT NULL,
    external_id TEXT   NOT NULL,
    group_id    BIGINT NOT NULL REFERENCES chat_groups (id),
    at          BIGINT NOT NULL,
    CONSTRAINT linked_rooms_unique PRIMARY KEY (service_id, provider, external_id),
    CONSTRAINT linked_rooms_provider CHECK (length(provider) BETWEEN 1 AND 32),
    CONSTRAINT linked_rooms_id CHECK (length(external_id) BETWEEN 1 AND 128)
);
CREATE INDEX linked_rooms_by_group ON linked_rooms (group_id);

-- What services did, written down before it is done. Rows are never changed or removed.
CREATE TABLE service_acts (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    service_id BIGINT NOT NULL REFERENCES services (id),
    -- For whom; NULL for what concerns nobody in particular.
    user_id    BIGINT REFERENCES users (id),
    -- Method and path.
    call       TEXT   NOT NULL,
    at         BIGINT NOT NULL,
    CONSTRAINT service_acts_call CHECK (length(call) BETWEEN 1 AND 256)
);
CREATE INDEX service_acts_by_service ON service_acts (service_id);
