"""Directory: aliases, what outsiders are shown of a room, the walk through a space, and finding people by name."""

from veche.domain.directory.aliases import (
    MOST_DEFAULT_ROOMS,
    alias_for,
    bad_alias,
    default_aliases,
    may_be_alias,
    may_be_default_rooms,
    may_take_alias,
    names_other_room,
)

__all__ = [
    "MOST_DEFAULT_ROOMS",
    "alias_for",
    "bad_alias",
    "default_aliases",
    "may_be_alias",
    "may_be_default_rooms",
    "may_take_alias",
    "names_other_room",
]
