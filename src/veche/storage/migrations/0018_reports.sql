-- What people reported to administrators, and who closed it with which note. ``target`` is what is reported: an event,
-- a room or a person; ``events`` is what a reported event and its newest edit said then.
CREATE TABLE reports (
    number BIGINT PRIMARY KEY,
    ts BIGINT NOT NULL,
    reporter TEXT NOT NULL,
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    room_id TEXT,
    event_id TEXT,
    user_id TEXT,
    reason TEXT NOT NULL,
    score BIGINT,
    events BLOB NOT NULL,
    closed_ts BIGINT,
    closed_by TEXT,
    note TEXT NOT NULL
);
CREATE INDEX reports_of_target ON reports (target, reporter);
