"""Rooms: creating them and changing who is in them."""

from veche.commands.rooms.creating import create_room
from veche.commands.rooms.leaving import announce_profile, leave_all_rooms
from veche.commands.rooms.membership import ban, forget, invite, join, kick, knock, leave, unban
from veche.commands.rooms.upgrading import upgrade_room

__all__ = [
    "announce_profile",
    "ban",
    "create_room",
    "forget",
    "invite",
    "join",
    "kick",
    "knock",
    "leave",
    "leave_all_rooms",
    "unban",
    "upgrade_room",
]
