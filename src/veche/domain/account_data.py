"""Filters: what a client wants to be told, and whether an event passes (client-server API, Filtering)."""

from typing import Any

import msgspec

from veche.domain.refusals import Refusal, invalid_param
from veche.domain.timeline import Event

DEFAULT_TIMELINE_LIMIT = 10
MOST_TIMELINE_LIMIT = 1000
MOST_NAMES = 1000
"""Entries of one list of a filter. Filters are asked about every event of a page, so what they cost is bounded."""
MOST_GLOBS = 50
MOST_STARS = 8
LONGEST_GLOB = 255


def _expect_few(
    *lists: tuple[str, ...] | None,
) -> None:
    """Stands here because the records below are made as soon as they are declared."""
    if any(names is not None and len(names) > MOST_NAMES for names in lists):
        raise ValueError(f"a list has at most {MOST_NAMES} entries")


class EventFilter(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which events pass: by type (``*`` stands for any text) and by sender. None means all, an empty tuple none."""

    limit: int | None = None
    types: tuple[str, ...] | None = None
    not_types: tuple[str, ...] = ()
    senders: tuple[str, ...] | None = None
    not_senders: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what would take too long for every event."""
        _expect_few(self.types, self.not_types, self.senders, self.not_senders)
        globs = [kind for kind in (*(self.types or ()), *self.not_types) if "*" in kind]
        if len(globs) > MOST_GLOBS or any(len(glob) > LONGEST_GLOB or glob.count("*") > MOST_STARS for glob in globs):
            raise ValueError(f"at most {MOST_GLOBS} types may hold *, at most {MOST_STARS} of them each")
        if self.limit is not None and self.limit < 0:
            raise ValueError("a limit is not negative")

    @property
    def is_open(self) -> bool:
        """Say whether every event passes."""
        return self.types is None and not self.not_types and self.senders is None and not self.not_senders

    def passes(self, kind: str, sender: str) -> bool:
        """Say whether an event of this type and sender passes."""
        if self.types is not None and not _any_matches(self.types, kind):
            return False
        if self.not_types and _any_matches(self.not_types, kind):
            return False
        if self.senders is not None and sender not in self.senders:
            return False
        return sender not in self.not_senders


class RoomEventFilter(EventFilter, frozen=True, omit_defaults=True):
    """Which events of rooms pass; besides, whether members are loaded lazily and threads counted apart."""

    lazy_load_members: bool = False
    include_redundant_members: bool = False
    unread_thread_notifications: bool = False
    contains_url: bool | None = None
    rooms: tuple[str, ...] | None = None
    not_rooms: tuple[str, ...] = ()
    related_by_senders: tuple[str, ...] | None = None
    related_by_rel_types: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Refuse what would take too long for every event."""
        super().__post_init__()
        _expect_few(self.rooms, self.not_rooms, self.related_by_senders, self.related_by_rel_types)

    def passes_room(self, room: str) -> bool:
        """Say whether this room is wanted at all."""
        return (self.rooms is None or room in self.rooms) and room not in self.not_rooms

    def passes_event(self, event: Event) -> bool:
        """Say whether an event of the log passes."""
        if not self.passes(event.type, event.sender):
            return False
        return self.contains_url is None or self.contains_url == _contains_url(event)

    @property
    def asks_for_relations(self) -> bool:
        """Say whether only events pass that others point at in a certain way."""
        return self.related_by_senders is not None or self.related_by_rel_types is not None

    @property
    def is_open(self) -> bool:
        """Say whether every event of every room passes."""
        return not self.asks_for_relations and (
            self.types is None
            and not self.not_types
            and self.senders is None
            and not self.not_senders
            and self.contains_url is None
            and self.rooms is None
            and not self.not_rooms
        )


class RoomFilter(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is wanted of rooms in a sync."""

    rooms: tuple[str, ...] | None = None
    not_rooms: tuple[str, ...] = ()
    include_leave: bool = False
    timeline: RoomEventFilter = RoomEventFilter()
    state: RoomEventFilter = RoomEventFilter()
    ephemeral: RoomEventFilter = RoomEventFilter()
    account_data: RoomEventFilter = RoomEventFilter()

    def __post_init__(self) -> None:
        """Refuse what would take too long for every room."""
        _expect_few(self.rooms, self.not_rooms)

    def passes_room(self, room: str) -> bool:
        """Say whether this room is wanted at all."""
        return (self.rooms is None or room in self.rooms) and room not in self.not_rooms


class Filter(msgspec.Struct, frozen=True, omit_defaults=True):
    """A whole filter of a sync."""

    event_fields: tuple[str, ...] | None = None
    event_format: str = "client"
    room: RoomFilter = RoomFilter()
    presence: EventFilter = EventFilter()
    account_data: EventFilter = EventFilter()

    @property
    def timeline_limit(self) -> int:
        """How many events a room's timeline may bring."""
        limit = self.room.timeline.limit
        return min(limit if limit is not None else DEFAULT_TIMELINE_LIMIT, MOST_TIMELINE_LIMIT)


def filter_from(given: Any) -> Filter | Refusal:
    """Read a filter that a client wrote; refuses with 400 M_INVALID_PARAM, naming the field."""
    try:
        return msgspec.convert(given, Filter)
    except msgspec.ValidationError as fault:
        return invalid_param(f"The filter is wrong: {fault}", "filter")


def room_filter_from(given: Any) -> RoomEventFilter | Refusal:
    """Read the filter of a page of events; refuses with 400 M_INVALID_PARAM, naming the field."""
    try:
        return msgspec.convert(given, RoomEventFilter)
    except msgspec.ValidationError as fault:
        return invalid_param(f"The filter is wrong: {fault}", "filter")


def _any_matches(patterns: tuple[str, ...], kind: str) -> bool:
    return kind in patterns or any("*" in pattern and _matches(pattern, kind) for pattern in patterns)


def _matches(pattern: str, kind: str) -> bool:
    """Say whether the glob covers the whole text. Piece by piece: a pattern of many stars must not hold the process."""
    first, *middle, last = pattern.split("*")
    if len(kind) < len(first) + len(last) or not kind.startswith(first) or not kind.endswith(last):
        return False
    at, end = len(first), len(kind) - len(last)
    for piece in middle:
        found = kind.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def _contains_url(event: Event) -> bool:
    return b'"url":"' in event.json and "url" in msgspec.json.decode(event.json)["content"]
