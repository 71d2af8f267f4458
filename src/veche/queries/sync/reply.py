"""The bytes of a sync's answer. Whoever composes one, from the database or from memory, writes it with these."""

from collections.abc import Sequence

import msgspec

from veche.base import json
from veche.domain.ids import EventId, Position, RoomId

Counts = tuple[int, int]


class RoomParts(msgspec.Struct, frozen=True):
    """What is told of one joined or left room; ``state`` is None where it is left out."""

    timeline: bytes
    state: Sequence[bytes] | None = None
    state_is_after: bool = False
    summary: bytes | None = None
    ephemeral: Sequence[bytes] = ()
    account_data: Sequence[bytes] = ()
    unread: bytes = b""


def timeline_json(events: Sequence[bytes], *, limited: bool, prev_batch: Position) -> bytes:
    """Return a timeline object; ``prev_batch`` is the position up to which older events lie."""
    joined = b",".join(events)
    return b'{"events":[%b],"limited":%b,"prev_batch":"%d"}' % (joined, b"true" if limited else b"false", prev_batch)


def unread_json(main: Counts, threads: dict[EventId, Counts] | None) -> bytes:
    """Return the members that count the unread: (notify, highlight) for the room, and by thread where asked for."""
    counted = b'"unread_notifications":' + _counts(main)
    if not threads:
        return counted
    each = b",".join(b"%b:%b" % (json.encode(root), _counts(counts)) for root, counts in sorted(threads.items()))
    return counted + b',"unread_thread_notifications":{%b}' % each


def room_json(parts: RoomParts) -> bytes:
    """Return the object of one joined or left room."""
    members = []
    if parts.account_data:
        members.append(b'"account_data":' + events_json(parts.account_data))
    if parts.ephemeral:
        members.append(b'"ephemeral":' + events_json(parts.ephemeral))
    if parts.state_is_after:
        members.append(b'"state_after":' + events_json(parts.state or ()))
    elif parts.state:
        members.append(b'"state":' + events_json(parts.state))
    if parts.summary is not None:
        members.append(b'"summary":' + parts.summary)
    members.append(b'"timeline":' + parts.timeline)
    if parts.unread:
        members.append(parts.unread)
    return b"{%b}" % b",".join(members)


def events_json(events: Sequence[bytes]) -> bytes:
    """Return ``{"events":[…]}``."""
    return b'{"events":[%b]}' % b",".join(events)


def answer_json(next_batch: bytes, top: Sequence[tuple[bytes, bytes]], rooms: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Return the whole answer: ``top`` are top-level members, ``rooms`` the members of ``rooms``, both encoded."""
    members = [b'"next_batch":"%b"' % next_batch]
    members += [b'"%b":%b' % member for member in top]
    if rooms:
        members.append(b'"rooms":{%b}' % b",".join(b'"%b":%b' % member for member in rooms))
    return b"{%b}" % b",".join(members)


def rooms_json(rooms: Sequence[tuple[RoomId, bytes]]) -> bytes:
    """Return an object of rooms, in the order of their ids."""
    return b"{%b}" % b",".join(b"%b:%b" % (json.encode(room), text) for room, text in sorted(rooms))


def _counts(counts: Counts) -> bytes:
    return b'{"highlight_count":%d,"notification_count":%d}' % (counts[1], counts[0])
