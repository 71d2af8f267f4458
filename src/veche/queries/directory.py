"""Directory: where an alias leads, which rooms are public, who is here."""

from typing import Any

from veche.domain import events
from veche.domain.ids import Alias, RoomId
from veche.domain.refusals import Refused, forbidden, not_found
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


async def room_of(ctx: ReadContext, alias: Alias) -> RoomId:
    """Return the room that an alias leads to. Raises 404 where it leads nowhere (section Room aliases)."""
    room = await ctx.reader.run(lambda at: directory.room_of(at, alias))
    if room is None:
        raise Refused(not_found(f"{alias} leads nowhere."))
    return room


async def aliases_of(ctx: ReadContext, asker: Asker, room: RoomId) -> list[Alias]:
    """Return a room's aliases, for members and wherever the world may read. Raises 403 otherwise."""

    def read(at: Snapshot) -> list[Alias]:
        sight = Sight(at, room, asker.user)
        if sight.membership_at(at.position) != "join" and sight.state_position() != at.position:
            raise Refused(forbidden("You are not in that room."))
        return directory.aliases_of(at, room)

    return await ctx.reader.run(read)


async def is_public(ctx: ReadContext, room: RoomId) -> bool:
    """Say whether the directory lists a room. Raises 404 where there is no such room."""
    found = await ctx.reader.run(lambda at: rooms.find(at, room))
    if found is None:
        raise Refused(not_found("There is no such room."))
    return found.is_public


async def public_rooms(ctx: ReadContext, term: str, limit: int, offset: int) -> dict[str, Any]:
    """Return a page of the public rooms, the largest first; ``term`` is looked for in name, topic and alias."""

    def read(at: Snapshot) -> dict[str, Any]:
        found = [_summary(at, room, joined) for room, joined in directory.public_rooms(at)]
        fitting = [summary for summary in found if _mentions(summary, term.casefold())]
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
    """Return people who share a room with the asker and whose name or id holds ``term``; and whether there are more."""

    def read(at: Snapshot) -> tuple[list[dict[str, Any]], bool]:
        sharers = sorted(rooms.sharers(at, asker.user) - {asker.user})
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


def _mentions(summary: dict[str, Any], term: str) -> bool:
    texts = (summary.get("name"), summary.get("topic"), summary.get("canonical_alias"))
    return any(term in text.casefold() for text in texts if text) if term else True
