-- Where somebody's notifications are sent besides their clients: push gateways (http) and mail (email). ``position``
-- is up to where that was done, ``badge`` the unread count told last. Behind is who has missed something, failing
-- since when nothing arrives; after long failure nothing more is sent until the client sets the pusher again.
CREATE TABLE pushers (
    user_id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    pushkey TEXT NOT NULL,
    kind TEXT NOT NULL,
    device_id TEXT NOT NULL,
    app_display_name TEXT NOT NULL,
    device_display_name TEXT NOT NULL,
    profile_tag TEXT,
    lang TEXT NOT NULL,
    data BLOB NOT NULL,
    set_ts BIGINT NOT NULL,
    position BIGINT NOT NULL,
    badge BIGINT NOT NULL,
    is_behind BIGINT NOT NULL,
    failing_since_ts BIGINT,
    disabled_ts BIGINT,
    PRIMARY KEY (user_id, app_id, pushkey)
) WITHOUT ROWID;
CREATE INDEX pushers_by_key ON pushers (app_id, pushkey);
-- Up to this position every pusher that is not behind has had everything.
CREATE TABLE push_floor (
    position BIGINT NOT NULL
);
-- What an event that was redacted since had added to its timeline: subtracted by whoever has not read that far.
CREATE TABLE redacted_counts (
    room_id TEXT NOT NULL,
    thread TEXT NOT NULL,
    position BIGINT NOT NULL,
    notify BIGINT NOT NULL,
    highlight BIGINT NOT NULL,
    PRIMARY KEY (room_id, thread, position)
) WITHOUT ROWID;
