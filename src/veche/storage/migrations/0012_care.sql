-- When a password was chosen (none: with the account), for a policy that lets passwords grow old.
ALTER TABLE accounts ADD COLUMN password_ts BIGINT;
ALTER TABLE devices ADD COLUMN last_seen_port BIGINT;
-- What the client of a session calls itself.
ALTER TABLE devices ADD COLUMN last_seen_client TEXT;
-- Who is locked or suspended: by whom (empty: whoever runs the server), since and until when, and why.
CREATE TABLE account_restrictions (
    user_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    since_ts BIGINT NOT NULL,
    until_ts BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (user_id, kind)
) WITHOUT ROWID;
-- Codes with which people replace a password that they have forgotten: hashed, good for one time and few tries.
CREATE TABLE reset_codes (
    user_id TEXT PRIMARY KEY,
    code_hash TEXT NOT NULL,
    expires_ts BIGINT NOT NULL,
    tries BIGINT NOT NULL
);
-- Who signed in or tried to, from where; numbered for each person.
CREATE TABLE sign_ins (
    user_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    ts BIGINT NOT NULL,
    method TEXT NOT NULL,
    outcome TEXT NOT NULL,
    address TEXT NOT NULL,
    port BIGINT NOT NULL,
    client TEXT NOT NULL,
    PRIMARY KEY (user_id, number)
) WITHOUT ROWID;
CREATE INDEX sign_ins_by_age ON sign_ins (ts);
-- How often somebody at an address named nobody who is here; the names themselves are not kept.
CREATE TABLE stranger_sign_ins (
    day BIGINT NOT NULL,
    address TEXT NOT NULL,
    failures BIGINT NOT NULL,
    last_ts BIGINT NOT NULL,
    PRIMARY KEY (day, address)
) WITHOUT ROWID;
-- What administrators did, in order, for those who come after them. Never anything secret.
CREATE TABLE acts (
    number BIGINT PRIMARY KEY,
    ts BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    what TEXT NOT NULL,
    whom TEXT,
    reason TEXT NOT NULL,
    details BLOB NOT NULL
);
