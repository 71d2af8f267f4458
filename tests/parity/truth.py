"""What is true, worked out without the code under test: from the rows of the log and the specification's own words."""

import re
from typing import Any

import msgspec

from tests.parity.client import MEMBER, Event, Shape
from veche.domain.ids import Position, RoomId
from veche.domain.timeline import Event as Stored
from veche.domain.timeline import content_of
from veche.storage import timeline
from veche.storage.reader import Snapshot

VISIBILITY = "m.room.history_visibility"
Piece = tuple[str, str]
Joined = frozenset[tuple[str, str]]


class Moment(msgspec.Struct, frozen=True):
    """Who was joined to which room at one moment, as (room, user), and whose keys changed then."""

    joined: Joined
    changed: str | None = None


class Lists(msgspec.Struct, frozen=True):
    """What a sync should say of device lists."""

    changed: set[str]
    left: set[str]


class History:
    """All moments of a story. A client's place in it is the index of the last moment it was told of."""

    def __init__(self) -> None:
        self.moments = [Moment(frozenset())]

    @property
    def now(self) -> int:
        """The index of the newest moment."""
        return len(self.moments) - 1

    def add(self, joined: Joined, changed: str | None = None) -> None:
        """Note how things stand now."""
        self.moments.append(Moment(joined, changed))

    def stayed(self, since: int) -> Joined:
        """Who has been joined to which room from ``since`` to now without a break."""
        first, *others = (moment.joined for moment in self.moments[since:])
        return first.intersection(*others)

    def renewed(self, user: str, since: int) -> set[str]:
        """The rooms told from the beginning: ``user`` came in after ``since``.

        Who was in already, and has left in the end, is told how it ended from ``since`` on.
        """
        rooms = {
            room
            for before, after in zip(self.moments[since:], self.moments[since + 1 :], strict=False)
            for room, who in after.joined - before.joined
            if who == user
        }
        ended = self.moments[since].joined - self.moments[-1].joined
        return {room for room in rooms if (room, user) not in ended}

    def lists(self, user: str, since: int) -> Lists:
        """What ``user`` must be told of others' devices: changed keys, people met, people parted from."""
        now, then = _sharers(self.moments[-1].joined, user), _sharers(self.moments[since].joined, user)
        stayed = _sharers(self.stayed(since), user)
        keys = {moment.changed for moment in self.moments[since + 1 :] if moment.changed is not None}
        changed = (now - stayed) | (keys & (now | {user}))
        return Lists(changed, then - now)


def raw_log(at: Snapshot, room: str) -> list[Stored]:
    """Return all events of a room as they are stored."""
    return timeline.page(at, RoomId(room), Position(0), at.position, 100_000, newest_first=False)


def visible_log(log: list[Stored], user: str) -> list[Stored]:
    """Return what ``user`` may see of a room's log (section Room History Visibility, Server behaviour)."""
    joins = [event.position for event in log if _is_of(event, user) and _membership(event) == "join"]
    last_join = joins[-1] if joins else -1
    setting, standing = "shared", "leave"
    seen = []
    for event in log:
        before = _allows(setting, standing, joins_later=event.position < last_join)
        if event.type == VISIBILITY and event.state_key == "":
            value = content_of(event).get("history_visibility")
            setting = value if value in ("world_readable", "shared", "invited", "joined") else "shared"
        elif _is_of(event, user):
            standing = _membership(event)
        if before or _allows(setting, standing, joins_later=event.position < last_join):
            seen.append(event)
    return seen


def leaving(log: list[Stored], user: str, until: Position) -> Position:
    """Return where in the log ``user`` left the room last, not later than ``until``."""
    left, is_inside = Position(0), False
    for event in log:
        if _is_of(event, user) and event.position <= until:
            if is_inside and _membership(event) != "join":
                left = event.position
            is_inside = _membership(event) == "join"
    return left


def state_at_leaving(log: list[Stored], user: str, ending: Stored) -> dict[Piece, str]:
    """Return the ids of the state that somebody left, by type and key; ``ending`` says how they stand to the room."""
    left_at = leaving(log, user, ending.position)
    stood = [event for event in log if event.position <= left_at and event.state_key is not None]
    return {(event.type, event.state_key or ""): event.event_id for event in [*stood, ending]}


def passing(log: list[Stored], shape: Shape, ignored: set[str]) -> list[Stored]:
    """Return the events that a client's timeline filter and its person's ignore list let through."""
    return [
        event
        for event in log
        if passes(shape.timeline, event.type, event.sender)
        and shape.timeline.get("contains_url") in (None, "url" in content_of(event))
        and (event.state_key is not None or event.sender not in ignored)
    ]


def passes(wanted: dict[str, Any], kind: str, sender: str = "") -> bool:
    """Say whether an event passes a filter (section Filtering)."""
    types, senders = wanted.get("types"), wanted.get("senders")
    return (
        (types is None or any(_fits(pattern, kind) for pattern in types))
        and not any(_fits(pattern, kind) for pattern in wanted.get("not_types", ()))
        and (senders is None or sender in senders)
        and sender not in wanted.get("not_senders", ())
    )


def bare(event: Event) -> Event:
    """Return an event as the log keeps it: without what is said of it to one reader."""
    return {name: value for name, value in event.items() if name not in ("unsigned", "room_id")}


def _sharers(joined: Joined, user: str) -> set[str]:
    rooms = {room for room, who in joined if who == user}
    return {who for room, who in joined if room in rooms} - {user}


def _is_of(event: Stored, user: str) -> bool:
    return event.type == MEMBER and event.state_key == user


def _membership(event: Stored) -> str:
    return str(content_of(event)["membership"])


def _allows(setting: str, standing: str, *, joins_later: bool) -> bool:
    if setting == "world_readable" or standing == "join":
        return True
    return (setting == "shared" and joins_later) or (setting == "invited" and standing == "invite")


def _fits(pattern: str, kind: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), kind) is not None
