-- The rooms that everybody joins, by the alias that the setting default_rooms gives them: those that the server founded,
-- or that an administrator put in their place. The alias itself may lead elsewhere meanwhile.
CREATE TABLE default_rooms (
    alias TEXT PRIMARY KEY,
    room_id TEXT NOT NULL
);
