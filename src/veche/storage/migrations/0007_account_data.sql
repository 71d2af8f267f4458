-- A person's private data: global (room '') and by room; a deleted entry keeps an empty object.
CREATE TABLE account_data (
    user_id TEXT NOT NULL,
    room_id TEXT NOT NULL,
    type TEXT NOT NULL,
    content BLOB NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (user_id, room_id, type)
) WITHOUT ROWID;
CREATE INDEX account_data_by_position ON account_data (user_id, position);
CREATE TABLE filters (
    user_id TEXT NOT NULL,
    filter_id TEXT NOT NULL,
    json BLOB NOT NULL,
    PRIMARY KEY (user_id, filter_id)
) WITHOUT ROWID;
