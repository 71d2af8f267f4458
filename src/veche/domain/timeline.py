"""What the log keeps of an event, and how its bytes become what a client reads.

An event is encoded once, when it is accepted; from then on bytes are only joined, never decoded and encoded again.
"""

import binascii
import hashlib
from typing import Any, TypeGuard

import msgspec

from veche.base import json
from veche.domain.events import ENCRYPTED, Draft
from veche.domain.ids import LONGEST, DeviceId, EventId, Position, RoomId, UserId, fits
from veche.domain.refusals import Refusal, bad_json, invalid_param, too_large

LARGEST_EVENT = 65_536
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
MAIN = ""
"""The name of a room's main timeline among its threads."""


class NewEvent(msgspec.Struct, frozen=True, gc=False):
    """An event that was encoded and measured and waits for its position."""

    event_id: EventId
    room_id: RoomId
    draft: Draft
    sender: UserId
    ts: int
    json: bytes
    device: DeviceId | None = None
    txn: str | None = None


class Event(msgspec.Struct, frozen=True, gc=False):
    """An event of the log. ``json`` is the client's object without ``room_id`` and ``unsigned``.

    ``thread`` is the thread's root, or MAIN. ``redaction`` is the redacting event, as a client reads it.
    ``notify`` and ``highlight`` are what this event added to the running totals of its timeline.
    """

    position: Position
    event_id: EventId
    room_id: RoomId
    type: str
    state_key: str | None
    sender: UserId
    ts: int
    json: bytes
    thread: str = MAIN
    device: DeviceId | None = None
    txn: str | None = None
    replaces: EventId | None = None
    redaction: bytes | None = None
    notify: int = 0
    highlight: int = 0


class Relation(msgspec.Struct, frozen=True):
    """How an event relates to its parent (``m.relates_to``)."""

    parent: EventId
    kind: str
    key: str | None = None


def encode_event(
    room_id: RoomId, sender: UserId, draft: Draft, ts: int, salt: bytes, device: DeviceId | None, txn: str | None
) -> NewEvent | Refusal:
    """Encode an event once, checking ids, JSON and size; ``salt`` is 16 random bytes that make its id unguessable.

    The id is the SHA-256 over the bytes and the salt. Refuses with 400 or 413 (section Size limits).
    """
    refusal = _ids_fit(draft, txn)
    if refusal is not None:
        return refusal
    try:
        content = json.canonical(draft.content)
    except (json.BadJson, UnicodeEncodeError) as fault:
        return bad_json(f"The content is not canonical JSON: {fault}", "content")
    tail = _tail(sender, draft)
    digest = hashlib.sha256(b"".join((content, b"%d" % ts, tail, room_id.encode(), salt))).digest()
    event_id = EventId("$" + _unpadded(digest))
    whole = b'{"content":%b,"event_id":"%b","origin_server_ts":%d%b' % (content, event_id.encode(), ts, tail)
    if len(whole) + len(room_id) + len(',"room_id":""') > LARGEST_EVENT:
        return too_large(f"The event is larger than {LARGEST_EVENT} bytes.")
    return NewEvent(event_id, room_id, draft, sender, ts, whole, device, txn)


def _ids_fit(draft: Draft, txn: str | None) -> Refusal | None:
    for name, value in (("type", draft.type), ("state_key", draft.state_key or "")):
        try:
            size = len(value.encode())
        except UnicodeEncodeError:
            return bad_json(f"The {name} is not valid text.", name)
        if size > LONGEST:
            return too_large(f"The {name} is longer than {LONGEST} bytes.")
        if "\x00" in value:
            return invalid_param(f"The {name} holds a NUL character.", name)
    if not draft.type:
        return invalid_param("The type is empty.", "type")
    if txn is not None and not (txn and fits(txn)):
        return invalid_param(f"A transaction id has 1 to {LONGEST} bytes.", "txnId")
    return None


def _tail(sender: UserId, draft: Draft) -> bytes:
    parts = [b',"redacts":' + json.encode(draft.redacts)] if draft.redacts is not None else []
    parts.append(b',"sender":' + json.encode(sender))
    if draft.state_key is not None:
        parts.append(b',"state_key":' + json.encode(draft.state_key))
    parts.append(b',"type":' + json.encode(draft.type) + b"}")
    return b"".join(parts)


def _unpadded(digest: bytes) -> str:
    return binascii.b2a_base64(digest, newline=False).translate(_URL_SAFE).rstrip(b"=").decode()


def client_json(event: Event, unsigned: bytes, *, with_room: bool) -> bytes:
    """Join an event's bytes with what is said of it to this reader; ``unsigned`` is a whole JSON object."""
    room = b',"room_id":"%b"' % event.room_id.encode() if with_room else b""
    return b'%b%b,"unsigned":%b}' % (event.json[:-1], room, unsigned)


def in_room(room: RoomId, event: bytes) -> bytes:
    """Return an encoded event that says nothing of its room with the room's id."""
    return b'%b,"room_id":"%b"}' % (event[:-1], room.encode())


def stripped_json(event: Event) -> bytes:
    """Return an event as the stripped state of an invitation: content, sender, state key and type only."""
    whole = json.decode(event.json)
    return json.encode({name: whole[name] for name in ("content", "sender", "state_key", "type")})


def content_of(event: Event) -> dict[str, Any]:
    """Decode an event's content."""
    content: dict[str, Any] = json.decode(event.json)["content"]
    return content


def relation_of(content: dict[str, Any]) -> Relation | None:
    """Return the relation an event declares, or None where there is none or it is malformed.

    Names that no database could look up are malformed too: longer than an identifier may be, or with NUL inside.
    """
    relates = content.get("m.relates_to")
    if not isinstance(relates, dict):
        return None
    parent, kind, key = relates.get("event_id"), relates.get("rel_type"), relates.get("key")
    if not _is_name(parent) or not _is_name(kind):
        return None
    return Relation(EventId(parent), kind, key if isinstance(key, str) and "\x00" not in key else None)


def _is_name(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and fits(value) and "\x00" not in value


def is_edit_of(parent: Event, sender: UserId, draft: Draft) -> bool:
    """Say whether a message that declares to replace ``parent`` may (section Validity of replacement events).

    What an encrypted edit holds cannot be known.
    """
    if parent.sender != sender or parent.type != draft.type or parent.state_key is not None:
        return False
    if draft.type != ENCRYPTED and not isinstance(draft.content.get("m.new_content"), dict):
        return False
    earlier = relation_of(content_of(parent))
    return earlier is None or earlier.kind != "m.replace"
