-- Tokens that serve for one thing and a short time: to tell a service whose they are (openid), or to sign in once
-- (login). Only SHA-256 digests are kept. Each ends with the device that asked for it.
CREATE TABLE short_tokens (
    digest BLOB PRIMARY KEY,
    kind TEXT NOT NULL,
    user_id TEXT NOT NULL,
    device_id TEXT NOT NULL,
    expires_ts BIGINT NOT NULL
);
CREATE INDEX short_tokens_by_end ON short_tokens (expires_ts);
