-- People. A deactivated account keeps its row so that its name is never given to somebody else.
CREATE TABLE accounts (
    user_id TEXT PRIMARY KEY,
    password_hash TEXT,
    role TEXT NOT NULL,
    created_ts BIGINT NOT NULL,
    deactivated_ts BIGINT
);
CREATE TABLE registration_tokens (
    token TEXT PRIMARY KEY,
    uses_allowed BIGINT,
    uses_done BIGINT NOT NULL,
    expires_ts BIGINT,
    created_ts BIGINT NOT NULL,
    revoked_ts BIGINT
);
CREATE TABLE profile_fields (
    user_id TEXT NOT NULL,
    name TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (user_id, name)
) WITHOUT ROWID;
