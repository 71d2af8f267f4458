"""Directory: where an alias leads, which rooms are public, who is here."""

from typing import Any

import msgspec

from veche.domain import events
from veche.domain.ids import Alias, RoomId, UserId, is_alias
from veche.domain.refusals import Refused, forbidden, invalid_param, not_found
from veche.domain.sessions import Asker
from veche.queries.context import ReadContext
from veche.queries.timeline.sight import Sight
from veche.storage import directory, profiles, rooms
from veche.storage.reader import Snapshot
from veche.storage.rows import Rows

_SHOWN = {
    events.NAME: "name",
    events.TOPIC: "topic",
    events.CANONICAL_ALIAS: "alias",
    events.AVATAR: "url",
    events.JOIN_RULES: "join_rule",
}
_NAMED = {
    events.NAME: "name",
    events.TOPIC: "topic",
    events.CANONICAL_ALIAS: "canonical_alias",
    events.AVATAR: "avatar_url",
    events.JOIN_RULES: "join_rule",
}

_OPEN = {
    events.JOIN_RULES: ("join_rule", "public"),
    events.HISTORY_VISIBILITY: ("history_visibility", "world_readable"),
}


async def room_of(ctx: ReadContext, alias: Alias) -> RoomId:
    """Return the room that an alias leads to.

    Raises 400 for what is no alias, 404 where it leads nowhere (section Room aliases).
    """
    if not is_alias(alias):
        raise Refused(invalid_param(f"{alias!r} is not a room alias", "room_alias"))
    room = await ctx.reader.run(lambda at: directory.room_of(at, alias))
    if room is None:
        raise Refused(not_found(f"{alias} leads nowhere."))
    return room


async def aliases_of(ctx: ReadContext, asker: Asker, room: RoomId) -> list[Alias]:
    """Return a room's aliases, for members and wherever the world may read. Raises 403 otherwise."""

    def read(at: Snapshot) -> list[Alias]:
        sight = Sight(at, room, asker.user)
        if sight.membership_at(at.position) != "join" and not sight.is_open_to_all:
            raise Refused(forbidden("You are not in that room."))
        return directory.aliases_of(at, room)

    return await ctx.reader.run(read)


async def is_public(ctx: ReadContext, asker: Asker, room: RoomId) -> bool:
    """Say whether the directory lists a room.

    Raises 404 where there is no such room, and where it is one of which the asker knows nothing.
    """

    def read(at: Snapshot) -> bool:
        found = rooms.find(at, room)
        if found is None or not (found.is_public or _may_know(at, asker, room)):
            raise Refused(not_found("There is no such room."))
        return found.is_public

    return await ctx.reader.run(read)


class RoomSearch(msgspec.Struct, frozen=True):
    """Which public rooms are wanted: by a word in name, topic or alias, by type (None: those without one)."""

    term: str
    types: tuple[str | None, ...] | None
    limit: int
    offset: int


async def public_rooms(ctx: ReadContext, wish: RoomSearch) -> dict[str, Any]:
    """Return a page of the public rooms, the largest first."""
    limit, offset = wish.limit, wish.offset

    def read(at: Snapshot) -> dict[str, Any]:
        found = [_summary(at, room, joined) for room, joined in directory.public_rooms(at)]
        fitting = [summary for summary in found if _fits(summary, wish)]
        page: dict[str, Any] = {
            "chunk": fitting[offset : offset + limit],
            "total_room_count_estimate": len(fitting),
        }
        if offset + limit < len(fitting):
            page["next_batch"] = str(offset + limit)
        if offset:
            page["prev_batch"] = str(max(0, offset - limit))
        return page

    return await ctx.reader.run(read)


async def people(ctx: ReadContext, asker: Asker, term: str, limit: int) -> tuple[list[dict[str, Any]], bool]:
    """Return people whose name or id holds ``term``, and whether there are more.

    They are those who share a room with the asker or are in one that is open to all (section User directory).
    """

    def read(at: Snapshot) -> tuple[list[dict[str, Any]], bool]:
        sharers = sorted((rooms.sharers(at, asker.user) | _in_the_open(at)) - {asker.user})
        names = profiles.names_of(at, sharers)
        found = []
        for user in sharers:
            fields = names.get(user, {})
            if term.casefold() in f"{user} {fields.get('displayname') or ''}".casefold():
                shown = {"user_id": user, "display_name": fields.get("displayname")}
                found.append({**shown, "avatar_url": fields.get("avatar_url")})
        kept = [{name: value for name, value in one.items() if value is not None} for one in found[:limit]]
        return kept, len(found) > limit

    return await ctx.reader.run(read)


def _summary(rows: Rows, room: RoomId, joined: int) -> dict[str, Any]:
    state = rooms.current_state(rows, room)
    summary: dict[str, Any] = {"room_id": room, "num_joined_members": joined}
    for kind, key in _SHOWN.items():
        event = state.get(kind)
        value = event.content.get(key) if event is not None else None
        if isinstance(value, str):
            summary[_NAMED[kind]] = value
    visibility, guests = state.get(events.HISTORY_VISIBILITY), state.get(events.GUEST_ACCESS)
    summary["world_readable"] = bool(visibility and visibility.content.get("history_visibility") == "world_readable")
    summary["guest_can_join"] = bool(guests and guests.content.get("guest_access") == "can_join")
    create = state.get(events.CREATE)
    room_type = create.content.get("type") if create is not None else None
    if isinstance(room_type, str):
        summary["room_type"] = room_type
    return summary


def _fits(summary: dict[str, Any], wish: RoomSearch) -> bool:
    if wish.types is not None and summary.get("room_type") not in wish.types:
        return False
    texts = (summary.get("name"), summary.get("topic"), summary.get("canonical_alias"))
    return not wish.term or any(wish.term.casefold() in text.casefold() for text in texts if text)


def _may_know(at: Snapshot, asker: Asker, room: RoomId) -> bool:
    """Say whether the asker may know that a room is there which the directory does not list."""
    if asker.role == "administrator" or rooms.membership(at, room, asker.user) is not None:
        return True
    state = rooms.current_state(at, room)
    return any(
        (event := state.get(kind)) is not None and event.content.get(key) == value
        for kind, (key, value) in _OPEN.items()
    )


def _in_the_open(rows: Rows) -> set[UserId]:
    """Those who are in a room that everybody may join or read."""
    found = {room for room, kind, content in directory.openness(rows) if content.get(_OPEN[kind][0]) == _OPEN[kind][1]}
    return directory.joined_to_any(rows, found)
