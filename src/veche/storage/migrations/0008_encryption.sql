-- Public keys only. A key's bytes are as they were uploaded; signatures that were added later are rows of their own.
CREATE TABLE device_keys (
    user_id TEXT NOT NULL,
    device_id TEXT NOT NULL,
    json BLOB NOT NULL,
    PRIMARY KEY (user_id, device_id)
) WITHOUT ROWID;
CREATE TABLE cross_signing_keys (
    user_id TEXT NOT NULL,
    usage TEXT NOT NULL,
    public_key TEXT NOT NULL,
    json BLOB NOT NULL,
    PRIMARY KEY (user_id, usage)
) WITHOUT ROWID;
-- ``target`` is a device id or the public key of a cross-signing key of ``user_id``.
CREATE TABLE key_signatures (
    user_id TEXT NOT NULL,
    target TEXT NOT NULL,
    signer TEXT NOT NULL,
    key_id TEXT NOT NULL,
    signature TEXT NOT NULL,
    PRIMARY KEY (user_id, target, signer, key_id)
) WITHOUT ROWID;
CREATE INDEX key_signatures_by_signer ON key_signatures (signer, key_id);
-- ``uploaded`` is the position of the upload: keys are given out in that order.
CREATE TABLE one_time_keys (
    user_id TEXT NOT NULL,
    device_id TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    key_id TEXT NOT NULL,
    json BLOB NOT NULL,
    digest BLOB NOT NULL,
    uploaded BIGINT NOT NULL,
    PRIMARY KEY (user_id, device_id, algorithm, key_id)
) WITHOUT ROWID;
CREATE INDEX one_time_keys_in_order ON one_time_keys (user_id, device_id, algorithm, uploaded);
-- Which keys were given out lately: a repeated upload must not bring one of them back.
CREATE TABLE claimed_keys (
    user_id TEXT NOT NULL,
    device_id TEXT NOT NULL,
    digest BLOB NOT NULL,
    claimed_ts BIGINT NOT NULL,
    PRIMARY KEY (user_id, device_id, digest)
) WITHOUT ROWID;
CREATE TABLE fallback_keys (
    user_id TEXT NOT NULL,
    device_id TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    key_id TEXT NOT NULL,
    json BLOB NOT NULL,
    used BIGINT NOT NULL,
    PRIMARY KEY (user_id, device_id, algorithm)
) WITHOUT ROWID;
-- The newest change of somebody's keys is one row; readers find out whom it concerns. ``seen_by`` is empty, or names
-- the only person who can see what changed.
CREATE TABLE device_list_changes (
    user_id TEXT NOT NULL,
    seen_by TEXT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (user_id, seen_by)
) WITHOUT ROWID;
CREATE INDEX device_list_changes_by_position ON device_list_changes (position);
CREATE TABLE to_device (
    position BIGINT PRIMARY KEY,
    user_id TEXT NOT NULL,
    device_id TEXT NOT NULL,
    json BLOB NOT NULL
);
CREATE INDEX to_device_inbox ON to_device (user_id, device_id, position);
-- Which requests were carried out. A large one is carried out in parts.
CREATE TABLE to_device_transactions (
    user_id TEXT NOT NULL,
    device_id TEXT NOT NULL,
    type TEXT NOT NULL,
    txn_id TEXT NOT NULL,
    part BIGINT NOT NULL,
    ts BIGINT NOT NULL,
    PRIMARY KEY (user_id, device_id, type, txn_id, part)
) WITHOUT ROWID;
CREATE INDEX to_device_transactions_by_time ON to_device_transactions (user_id, device_id, ts);
-- A deleted backup keeps its row, so that its version is never given out again.
CREATE TABLE key_backups (
    user_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    algorithm TEXT NOT NULL,
    auth_data BLOB NOT NULL,
    key_count BIGINT NOT NULL,
    etag BIGINT NOT NULL,
    deleted BIGINT NOT NULL,
    PRIMARY KEY (user_id, version)
) WITHOUT ROWID;
CREATE TABLE backed_up_keys (
    user_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    room_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    first_message_index BIGINT NOT NULL,
    forwarded_count BIGINT NOT NULL,
    is_verified BIGINT NOT NULL,
    session_data BLOB NOT NULL,
    PRIMARY KEY (user_id, version, room_id, session_id)
) WITHOUT ROWID;
