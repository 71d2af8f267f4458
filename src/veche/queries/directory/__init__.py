"""Directory: where an alias leads, which rooms are shown to outsiders, what a space holds, who is here."""

from veche.queries.directory.aliases import aliases_of, is_public, room_of
from veche.queries.directory.listing import RoomSearch, public_rooms
from veche.queries.directory.people import mutual_rooms, people_named
from veche.queries.directory.spaces import hierarchy
from veche.queries.directory.summaries import room_summary

__all__ = [
    "RoomSearch",
    "aliases_of",
    "hierarchy",
    "is_public",
    "mutual_rooms",
    "people_named",
    "public_rooms",
    "room_of",
    "room_summary",
]
