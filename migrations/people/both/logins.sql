-- What accounts sign in with, apart from what they are called (R-PEOPLE-4). `account_key` stays
-- the login name in lower case: nodes of the version before find accounts by it, and the
-- server still does first.

-- As it was given; NULL for accounts of before, who sign in with their name.
ALTER TABLE users ADD COLUMN login_name TEXT;
-- What all login names that look the same have in common. The server computes it, because no
-- database knows how, and fills it in at its start. NULL where another account of before
-- looks the same.
ALTER TABLE users ADD COLUMN login_key TEXT
    CONSTRAINT users_login_key_of_account CHECK (login_key IS NULL OR account_key IS NOT NULL);
CREATE UNIQUE INDEX users_login_key_unique ON users (login_key);
-- Whoever has none yet, which every start looks for.
CREATE INDEX users_without_login_key ON users (id)
    WHERE account_key IS NOT NULL AND login_key IS NULL;
