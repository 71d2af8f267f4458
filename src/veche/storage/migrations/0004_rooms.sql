-- A room is a straight log: every state event by key and position, and beside it the newest of each key.
CREATE TABLE rooms (
    room_id TEXT PRIMARY KEY,
    version TEXT NOT NULL,
    creator TEXT NOT NULL,
    created_ts BIGINT NOT NULL,
    is_public BIGINT NOT NULL
);
CREATE TABLE state_history (
    room_id TEXT NOT NULL,
    type TEXT NOT NULL,
    state_key TEXT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (room_id, type, state_key, position)
) WITHOUT ROWID;
CREATE INDEX state_history_by_position ON state_history (room_id, position);
CREATE TABLE current_state (
    room_id TEXT NOT NULL,
    type TEXT NOT NULL,
    state_key TEXT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (room_id, type, state_key)
) WITHOUT ROWID;
-- Who stands how to a room now. ``position`` is the membership event's; ``since_position`` is when this membership
-- began (a new display name does not begin it anew).
CREATE TABLE memberships (
    room_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    membership TEXT NOT NULL,
    position BIGINT NOT NULL,
    since_position BIGINT NOT NULL,
    forgotten BIGINT NOT NULL,
    display_name TEXT,
    class TEXT NOT NULL,
    PRIMARY KEY (room_id, user_id)
) WITHOUT ROWID;
CREATE INDEX memberships_of_user ON memberships (user_id, membership);
CREATE INDEX memberships_in_order ON memberships (room_id, membership, position);
-- Under which words of a message each joined member may be found by name (law 7: work by words, never by members).
CREATE TABLE room_names (
    room_id TEXT NOT NULL,
    word TEXT NOT NULL,
    user_id TEXT NOT NULL,
    PRIMARY KEY (room_id, word, user_id)
) WITHOUT ROWID;
CREATE INDEX room_names_of_user ON room_names (room_id, user_id);
CREATE TABLE aliases (
    alias TEXT PRIMARY KEY,
    room_id TEXT NOT NULL,
    creator TEXT NOT NULL
);
CREATE INDEX aliases_of_room ON aliases (room_id);
