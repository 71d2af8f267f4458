"""Account data, tags and stored filters, as their owner asks for them."""

from typing import Any

import msgspec

from veche.base import json
from veche.domain.account_data import Filter, filter_from
from veche.domain.ids import RoomId, UserId, is_room_id
from veche.domain.notifications import ruleset_from
from veche.domain.refusals import Refusal, Refused, forbidden, invalid_param, not_found
from veche.domain.sessions import Asker
from veche.live.account_data import KnownFilters
from veche.queries.context import ReadContext
from veche.storage import account_data, notifications
from veche.storage.account_data import GLOBAL
from veche.storage.reader import Snapshot

TAGS = "m.tag"
PUSH_RULES = "m.push_rules"


async def find_account_data(
    ctx: ReadContext, asker: Asker, user: UserId, kind: str, room: RoomId | None = None
) -> msgspec.Raw:
    """Return the content of global account data, or of a room's.

    Raises 403 for somebody else's, 404 where there is none, 400 for what is no room id.
    """
    _refuse_foreign(asker, user)
    if room is not None and not is_room_id(room):
        raise Refused(invalid_param("That is not a room id.", "roomId"))
    found = await ctx.reader.run(lambda at: _content(at, user, kind, room or GLOBAL))
    if found is None:
        raise Refused(not_found("There is no such account data."))
    return msgspec.Raw(found)


async def tags(ctx: ReadContext, asker: Asker, user: UserId, room: RoomId) -> dict[str, Any]:
    """Return a room's tags by name; raises 403 for somebody else's."""
    _refuse_foreign(asker, user)
    content = await ctx.reader.run(lambda at: account_data.find(at, user, room, TAGS)) or {}
    found = content.get("tags")
    return found if isinstance(found, dict) else {}


async def stored_filter(ctx: ReadContext, asker: Asker, user: UserId, filter_id: str) -> msgspec.Raw:
    """Return a filter as it was stored; raises 403 for somebody else's, 404 where there is none."""
    _refuse_foreign(asker, user)
    found = await ctx.reader.run(lambda at: account_data.find_filter(at, user, filter_id))
    if found is None:
        raise Refused(not_found("There is no such filter."))
    return msgspec.Raw(found)


async def filter_of(ctx: ReadContext, asker: Asker, filter_id: str, known: KnownFilters) -> Filter:
    """Return the asker's stored filter, from memory where ``known`` has it; raises 400 where there is none."""
    found = known.find(asker.user, filter_id)
    if found is not None:
        return found
    stored = await ctx.reader.run(lambda at: account_data.find_filter(at, asker.user, filter_id))
    if stored is None:
        raise Refused(invalid_param("There is no such filter.", "filter"))
    read = filter_from(json.decode(stored))
    if isinstance(read, Refusal):
        raise Refused(read)
    known.put(asker.user, filter_id, read)
    return read


def _refuse_foreign(asker: Asker, user: UserId) -> None:
    if user != asker.user:
        raise Refused(forbidden("Account data is shown to its owner only."))


def _content(at: Snapshot, user: UserId, kind: str, room: RoomId) -> bytes | None:
    """Push rules are kept elsewhere, yet can be read like account data (section Account Data, server behaviour)."""
    if kind == PUSH_RULES and room == GLOBAL:
        changes, _ = notifications.find_changes(at, user)
        return json.encode({"global": ruleset_from(user, changes)})
    return account_data.find_json(at, user, room, kind)
