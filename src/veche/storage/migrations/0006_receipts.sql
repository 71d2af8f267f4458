-- Receipts by person, kind and thread; private ones are read by their owner only. Threads are named as in the table
-- of events (empty: the main timeline, otherwise the root); '*' is a receipt without a thread, good for all of them.
CREATE TABLE receipts (
    room_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    thread TEXT NOT NULL,
    event_id TEXT NOT NULL,
    event_position BIGINT NOT NULL,
    ts BIGINT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (room_id, user_id, kind, thread)
) WITHOUT ROWID;
CREATE INDEX receipts_by_position ON receipts (room_id, position);
-- How far a person has read: the later of their receipts and their own messages; threads are named as above.
-- ``position`` is when that last changed, or when the way it is counted did.
CREATE TABLE read_marks (
    user_id TEXT NOT NULL,
    room_id TEXT NOT NULL,
    thread TEXT NOT NULL,
    read_position BIGINT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (user_id, room_id, thread)
) WITHOUT ROWID;
-- What an event adds for one person beyond the room's totals: rows only for those it names.
CREATE TABLE own_counts (
    user_id TEXT NOT NULL,
    room_id TEXT NOT NULL,
    thread TEXT NOT NULL,
    position BIGINT NOT NULL,
    notify BIGINT NOT NULL,
    highlight BIGINT NOT NULL,
    PRIMARY KEY (user_id, room_id, thread, position)
) WITHOUT ROWID;
CREATE INDEX own_counts_of_user ON own_counts (user_id, position);
CREATE INDEX own_counts_of_event ON own_counts (position);
-- A person's push rules, as far as they differ from the default ones.
CREATE TABLE push_rules (
    user_id TEXT PRIMARY KEY,
    changes BLOB NOT NULL,
    position BIGINT NOT NULL
) WITHOUT ROWID;
