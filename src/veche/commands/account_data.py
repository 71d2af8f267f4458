"""Account data, the tags among it, and filters: all of them private to their owner (sections Account Data, Tags)."""

import hashlib
from typing import Any

from veche.base import json
from veche.commands.context import Context
from veche.commands.notifications import classify_rooms
from veche.domain.account_data import filter_from
from veche.domain.facts import Fact
from veche.domain.ids import RoomId, UserId, fits, is_room_id
from veche.domain.refusals import Refusal, Refused, bad_json, forbidden, invalid_param, refuse
from veche.domain.sessions import Asker
from veche.storage import account_data
from veche.storage.account_data import GLOBAL, IGNORED_USERS
from veche.storage.writer import Transaction

Content = dict[str, Any]

TAGS = "m.tag"
KEPT_BY_SERVER = frozenset({"m.fully_read", "m.push_rules"})
_FILTER_ID_BYTES = 12


async def set_account_data(ctx: Context, asker: Asker, user: UserId, kind: str, content: Content) -> None:
    """Store global account data. Raises 403 for somebody else's, 405 for what the server itself keeps, 400.

    A changed list of ignored people also changes how the asker's unread counts are kept.
    """
    _refuse_foreign(asker, user)
    refuse(_refuse_kind(kind))
    stored = _encoded(content)

    def work(tx: Transaction) -> bool:
        before = account_data.ignored_by(tx, user)
        _put(tx, user, GLOBAL, kind, stored)
        return before != account_data.ignored_by(tx, user)

    if kind == IGNORED_USERS:
        await classify_rooms(ctx, user, work)
    else:
        await ctx.writer.run(lambda tx: _put(tx, user, GLOBAL, kind, stored))


async def set_room_account_data(
    ctx: Context, asker: Asker, user: UserId, room: RoomId, kind: str, content: Content
) -> None:
    """Store account data of a room, joined or not; raises as ``set_account_data`` does, 400 also for no room id."""
    _refuse_foreign(asker, user)
    refuse(_refuse_room(room) or _refuse_kind(kind))
    stored = _encoded(content)
    await ctx.writer.run(lambda tx: _put(tx, user, room, kind, stored))


async def add_tag(ctx: Context, asker: Asker, user: UserId, room: RoomId, tag: str, content: Content) -> None:
    """Tag a room, or change what is said with a tag; raises 403 for somebody else's tags, 400 for a malformed one."""
    _refuse_foreign(asker, user)
    refuse(_refuse_room(room) or _refuse_tag(tag, content))
    _encoded(content)

    def work(tx: Transaction) -> None:
        _put(tx, user, room, TAGS, json.encode({"tags": {**_tags(tx, user, room), tag: content}}))

    await ctx.writer.run(work)


async def remove_tag(ctx: Context, asker: Asker, user: UserId, room: RoomId, tag: str) -> None:
    """Take a tag off a room; one that is not there changes nothing. Raises 403 for somebody else's tags."""
    _refuse_foreign(asker, user)
    refuse(_refuse_room(room))

    def work(tx: Transaction) -> None:
        tags = _tags(tx, user, room)
        if tags.pop(tag, None) is not None:
            _put(tx, user, room, TAGS, json.encode({"tags": tags}))

    await ctx.writer.run(work)


async def add_filter(ctx: Context, asker: Asker, user: UserId, given: Content) -> str:
    """Store a filter and return its id, the same for the same filter (section Filtering).

    Raises 403 for somebody else's, 400 for what is no filter.
    """
    _refuse_foreign(asker, user)
    read = filter_from(given)
    if isinstance(read, Refusal):
        raise Refused(read)
    stored = _encoded(given)
    filter_id = hashlib.sha256(stored).hexdigest()[: 2 * _FILTER_ID_BYTES]
    await ctx.writer.run(lambda tx: account_data.add_filter(tx, user, filter_id, stored))
    return filter_id


def _refuse_foreign(asker: Asker, user: UserId) -> None:
    if user != asker.user:
        raise Refused(forbidden("Account data can only be changed by its owner."))


def _refuse_kind(kind: str) -> Refusal | None:
    if kind in KEPT_BY_SERVER:
        return Refusal("M_BAD_JSON", 405, f"{kind} is kept by the server and cannot be set like this.")
    if not kind or not fits(kind) or "\x00" in kind:
        return invalid_param("A type of account data has 1 to 255 bytes.", "type")
    return None


def _refuse_room(room: RoomId) -> Refusal | None:
    return None if is_room_id(room) else invalid_param("That is not a room id.", "roomId")


def _refuse_tag(tag: str, content: Content) -> Refusal | None:
    if not tag or not fits(tag):
        return invalid_param("A tag has 1 to 255 bytes.", "tag")
    order = content.get("order", 0)
    if isinstance(order, bool) or not isinstance(order, int | float):
        return bad_json("The order of a tag must be a number.", "order")
    return None


def _encoded(content: Content) -> bytes:
    """Encode content; unlike events it may hold floats (the order of a tag, for example)."""
    try:
        json.check(_without_floats(content))
    except json.BadJson as fault:
        raise Refused(bad_json(f"The content cannot be stored: {fault}")) from None
    return json.encode(content)


def _without_floats(value: Any, depth: int = 0) -> Any:
    if isinstance(value, float):
        return None
    if depth > json.DEEPEST or not isinstance(value, dict | list):
        return value
    if isinstance(value, dict):
        return {name: _without_floats(inner, depth + 1) for name, inner in value.items()}
    return [_without_floats(inner, depth + 1) for inner in value]


def _tags(tx: Transaction, user: UserId, room: RoomId) -> dict[str, Any]:
    tags = (account_data.find(tx, user, room, TAGS) or {}).get("tags")
    return tags if isinstance(tags, dict) else {}


def _put(tx: Transaction, user: UserId, room: RoomId, kind: str, content: bytes) -> None:
    position = tx.record(Fact("account_data", room=room or None, user=user, body=(kind, content)))
    account_data.put(tx, user, room, kind, content, position)
