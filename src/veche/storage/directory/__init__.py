"""Directory: the rows of aliases, and what is read of rooms and people for those who look for them."""

from veche.storage.directory.aliases import (
    add_alias,
    aliases_of,
    creator_of,
    default_room,
    delete_alias,
    move_aliases,
    room_named,
    room_of,
    set_default_room,
)
from veche.storage.directory.people import close_rooms, everybody, mutual_rooms, rooms_of
from veche.storage.directory.summaries import Frame, children, faces, frames, published

__all__ = [
    "Frame",
    "add_alias",
    "aliases_of",
    "children",
    "close_rooms",
    "creator_of",
    "default_room",
    "delete_alias",
    "everybody",
    "faces",
    "frames",
    "move_aliases",
    "mutual_rooms",
    "published",
    "room_named",
    "room_of",
    "rooms_of",
    "set_default_room",
]
