-- Letters of other alphabets count in a login key as the ones of ASCII that they look like
-- (R-PEOPLE-4). Keys of ASCII alone stay as they are; the server fills the others in anew at its
-- start, as it does for accounts of before. Of those that look the same now one has the key; the
-- others go on to sign in with exactly their name.
UPDATE users SET login_key = NULL
    WHERE octet_length(login_key) <> char_length(login_key);
