-- Files. Without a digest one was announced only and may be uploaded until ``expires_ts``. A removed file keeps its
-- row; its digest is forgotten once the contents are gone too. ``is_loose``: its owner has not referred to it yet.
CREATE TABLE media (
    media_id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    created_ts BIGINT NOT NULL,
    expires_ts BIGINT,
    digest TEXT,
    size BIGINT NOT NULL,
    content_type TEXT NOT NULL,
    file_name TEXT,
    is_loose BIGINT NOT NULL,
    removed_ts BIGINT,
    removed_why TEXT
);
CREATE INDEX media_of_user ON media (user_id, created_ts, media_id);
CREATE INDEX media_by_digest ON media (digest) WHERE digest IS NOT NULL;
CREATE INDEX media_to_be_uploaded ON media (user_id, expires_ts) WHERE expires_ts IS NOT NULL;
CREATE INDEX media_to_be_forgotten ON media (removed_ts) WHERE removed_ts IS NOT NULL AND digest IS NOT NULL;
-- Which events refer to a file. ``kind`` tells pictures of rooms and of members from everything else; ``is_open`` says
-- that the world may read the event.
CREATE TABLE media_in_rooms (
    media_id TEXT NOT NULL,
    room_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    kind TEXT NOT NULL,
    is_open BIGINT NOT NULL,
    PRIMARY KEY (media_id, room_id, position)
) WITHOUT ROWID;
CREATE INDEX media_in_rooms_by_event ON media_in_rooms (position);
-- Whose profile shows a file as its picture.
CREATE TABLE media_in_profiles (
    user_id TEXT PRIMARY KEY,
    media_id TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX media_in_profiles_by_file ON media_in_profiles (media_id);
-- What each person's files come to, and, under an empty name, those of all.
CREATE TABLE media_usage (
    user_id TEXT PRIMARY KEY,
    files BIGINT NOT NULL,
    bytes BIGINT NOT NULL
) WITHOUT ROWID;
-- Thumbnails by the digest of their source; without one of their own they could not be made, because of ``fault``.
CREATE TABLE thumbnails (
    source TEXT NOT NULL,
    size_name TEXT NOT NULL,
    digest TEXT,
    size BIGINT NOT NULL,
    content_type TEXT NOT NULL,
    fault TEXT,
    made_ts BIGINT NOT NULL,
    PRIMARY KEY (source, size_name)
) WITHOUT ROWID;
CREATE INDEX thumbnails_by_digest ON thumbnails (digest) WHERE digest IS NOT NULL;
-- Short links: one of a person to a file at a time; those that were ended stay, so that nobody is given one again.
CREATE TABLE media_links (
    short TEXT PRIMARY KEY,
    media_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    created_ts BIGINT NOT NULL,
    revoked_ts BIGINT,
    revoked_by TEXT
);
CREATE UNIQUE INDEX media_links_of_file ON media_links (media_id, user_id) WHERE revoked_ts IS NULL;
CREATE INDEX media_links_of_user ON media_links (user_id, created_ts, short) WHERE revoked_ts IS NULL;
CREATE INDEX media_links_by_time ON media_links (created_ts, short) WHERE revoked_ts IS NULL;
