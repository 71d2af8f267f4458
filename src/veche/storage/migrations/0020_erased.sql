-- Whose words whoever comes into a room later may not read, and since which position: asked for with the closing of an
-- account.
CREATE TABLE erased_people (
    user_id TEXT PRIMARY KEY,
    position BIGINT NOT NULL
) WITHOUT ROWID;
