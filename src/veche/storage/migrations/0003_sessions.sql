-- Devices and their tokens. Only SHA-256 digests of tokens are kept.
CREATE TABLE devices (
    user_id TEXT NOT NULL,
    device_id TEXT NOT NULL,
    display_name TEXT,
    created_ts BIGINT NOT NULL,
    last_seen_ts BIGINT,
    last_seen_ip TEXT,
    PRIMARY KEY (user_id, device_id)
) WITHOUT ROWID;
CREATE TABLE access_tokens (
    digest BLOB PRIMARY KEY,
    user_id TEXT NOT NULL,
    device_id TEXT NOT NULL,
    expires_ts BIGINT,
    refresh_digest BLOB
);
CREATE INDEX access_tokens_of_device ON access_tokens (user_id, device_id);
CREATE TABLE refresh_tokens (
    digest BLOB PRIMARY KEY,
    user_id TEXT NOT NULL,
    device_id TEXT NOT NULL,
    next_digest BLOB
);
CREATE INDEX refresh_tokens_of_device ON refresh_tokens (user_id, device_id);
CREATE INDEX refresh_tokens_by_next ON refresh_tokens (next_digest);
CREATE INDEX access_tokens_of_refresh ON access_tokens (refresh_digest);
-- User-interactive checks that somebody was asked for: good for one operation of one person (none: registration).
CREATE TABLE reauthentications (
    session TEXT PRIMARY KEY,
    purpose TEXT NOT NULL,
    user_id TEXT,
    created_ts BIGINT NOT NULL
);
CREATE INDEX reauthentications_by_age ON reauthentications (created_ts);
-- Guesses at a password, by account and address: counted before they are checked, forgotten once one was right.
CREATE TABLE sign_in_failures (
    subject TEXT NOT NULL,
    failed_ts BIGINT NOT NULL
);
CREATE INDEX sign_in_failures_by_subject ON sign_in_failures (subject, failed_ts);
CREATE INDEX sign_in_failures_by_age ON sign_in_failures (failed_ts);
