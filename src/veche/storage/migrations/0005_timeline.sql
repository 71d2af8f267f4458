-- Events as bytes: ``json`` is what a client reads, without room_id and unsigned. ``main_notify`` and
-- ``main_highlight`` are the main timeline's running totals up to and including this event.
CREATE TABLE events (
    position BIGINT PRIMARY KEY,
    event_id TEXT NOT NULL,
    room_id TEXT NOT NULL,
    type TEXT NOT NULL,
    state_key TEXT,
    sender TEXT NOT NULL,
    ts BIGINT NOT NULL,
    json BLOB NOT NULL,
    thread TEXT NOT NULL,
    device_id TEXT,
    txn_id TEXT,
    txn_path TEXT,
    replaces TEXT,
    redaction BLOB,
    main_notify BIGINT NOT NULL,
    main_highlight BIGINT NOT NULL
);
CREATE UNIQUE INDEX events_by_id ON events (event_id);
CREATE INDEX events_of_room ON events (room_id, position);
-- A transaction id gives the same event however often it is sent, also after a restart.
CREATE UNIQUE INDEX events_by_transaction ON events (device_id, txn_id, sender, txn_path) WHERE txn_id IS NOT NULL;
CREATE TABLE relations (
    parent_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    position BIGINT NOT NULL,
    room_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    type TEXT NOT NULL,
    sender TEXT NOT NULL,
    relation_key TEXT,
    PRIMARY KEY (parent_id, kind, position)
) WITHOUT ROWID;
-- Events inside threads, with the running totals of their thread.
CREATE TABLE thread_events (
    room_id TEXT NOT NULL,
    thread TEXT NOT NULL,
    position BIGINT NOT NULL,
    notify_total BIGINT NOT NULL,
    highlight_total BIGINT NOT NULL,
    PRIMARY KEY (room_id, thread, position)
) WITHOUT ROWID;
-- One row a thread: its newest event and totals.
CREATE TABLE threads (
    room_id TEXT NOT NULL,
    thread TEXT NOT NULL,
    position BIGINT NOT NULL,
    notify_total BIGINT NOT NULL,
    highlight_total BIGINT NOT NULL,
    PRIMARY KEY (room_id, thread)
) WITHOUT ROWID;
CREATE INDEX threads_by_position ON threads (room_id, position);
-- The running totals of each main timeline; the events hold what they were at each position.
CREATE TABLE room_totals (
    room_id TEXT PRIMARY KEY,
    notify BIGINT NOT NULL,
    highlight BIGINT NOT NULL
) WITHOUT ROWID;
