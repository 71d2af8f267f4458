-- The link that makes the first administrator: its SHA-256 digest only. Used ones stay, so that they can be told apart.
CREATE TABLE first_links (
    digest BLOB PRIMARY KEY,
    expires_ts BIGINT NOT NULL,
    used_ts BIGINT
);
-- What an account made with a registration token gets. Nobody in made_by: whoever runs the server.
ALTER TABLE registration_tokens ADD COLUMN role TEXT NOT NULL DEFAULT 'user';
ALTER TABLE registration_tokens ADD COLUMN made_by TEXT;
-- The rooms that such an account joins.
CREATE TABLE registration_token_rooms (
    token TEXT NOT NULL,
    room_id TEXT NOT NULL,
    PRIMARY KEY (token, room_id)
) WITHOUT ROWID;
