-- Whether an event that refers to a file is its owner's: one that its owner shows nowhere any more is removed, whoever
-- else refers to it.
ALTER TABLE media_in_rooms ADD COLUMN is_own BIGINT NOT NULL DEFAULT 0;
UPDATE media_in_rooms SET is_own = 1 WHERE EXISTS (
    SELECT 1 FROM events JOIN media ON media.user_id = events.sender
    WHERE events.position = media_in_rooms.position AND media.media_id = media_in_rooms.media_id
);
