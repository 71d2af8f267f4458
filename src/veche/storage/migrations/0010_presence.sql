-- What people say of themselves and when they were last active; written in batches. Who is online now lives in memory.
CREATE TABLE presence (
    user_id TEXT PRIMARY KEY,
    status_msg TEXT,
    busy_since_ts BIGINT,
    busy_until_ts BIGINT,
    last_active_ts BIGINT
);
