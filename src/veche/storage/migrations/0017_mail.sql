-- Mail addresses that people have shown to be theirs. One address, one account.
CREATE TABLE addresses (
    address TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    validated_ts BIGINT NOT NULL,
    added_ts BIGINT NOT NULL
);
CREATE INDEX addresses_of_user ON addresses (user_id);
-- Proofs under way that an address is somebody's: of links only the SHA-256 digest, of codes only a slow hash.
CREATE TABLE address_proofs (
    sid TEXT PRIMARY KEY,
    purpose TEXT NOT NULL,
    address TEXT NOT NULL,
    secret_digest BLOB NOT NULL,
    send_attempt BIGINT NOT NULL,
    next_link TEXT NOT NULL,
    asked_from TEXT NOT NULL,
    created_ts BIGINT NOT NULL,
    expires_ts BIGINT NOT NULL,
    link_digest BLOB,
    code_hash TEXT,
    tries BIGINT NOT NULL,
    proven_ts BIGINT
);
CREATE INDEX address_proofs_by_secret ON address_proofs (secret_digest);
CREATE INDEX address_proofs_by_link ON address_proofs (link_digest);
CREATE INDEX address_proofs_by_address ON address_proofs (address);
CREATE INDEX address_proofs_by_end ON address_proofs (expires_ts);
-- How often letters were asked for and codes were wrong, by address and by network: counted whether or not the address
-- is anybody's.
CREATE TABLE address_uses (
    subject TEXT NOT NULL,
    ts BIGINT NOT NULL
);
CREATE INDEX address_uses_by_subject ON address_uses (subject, ts);
CREATE INDEX address_uses_by_age ON address_uses (ts);
-- Letters that wait to be sent. What stands in them is made when they are sent: nothing secret is kept here.
CREATE TABLE letters (
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    address TEXT NOT NULL,
    language TEXT NOT NULL,
    created_ts BIGINT NOT NULL,
    due_ts BIGINT NOT NULL,
    expires_ts BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    PRIMARY KEY (kind, subject)
) WITHOUT ROWID;
CREATE INDEX letters_by_time ON letters (due_ts);
-- What of an interactive check is done already, where it has several stages: as JSON, stage by stage.
ALTER TABLE reauthentications ADD COLUMN completed TEXT NOT NULL DEFAULT '{}';
-- When somebody was last told by mail what they have not read, and how often since they were last here.
CREATE TABLE digests (
    user_id TEXT NOT NULL,
    pushkey TEXT NOT NULL,
    sent_ts BIGINT NOT NULL,
    in_a_row BIGINT NOT NULL,
    PRIMARY KEY (user_id, pushkey)
) WITHOUT ROWID;
-- The links with which such letters are ended: SHA-256 digests only. Older letters keep theirs.
CREATE TABLE digest_endings (
    digest BLOB PRIMARY KEY,
    user_id TEXT NOT NULL,
    pushkey TEXT NOT NULL,
    created_ts BIGINT NOT NULL
);
CREATE INDEX digest_endings_of_user ON digest_endings (user_id, pushkey);
CREATE INDEX digest_endings_by_age ON digest_endings (created_ts);
