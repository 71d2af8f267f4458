"""Account data in sync: the global kind, push rules among it, and that of each room."""

import msgspec

from veche.base import json
from veche.domain.account_data import RoomEventFilter
from veche.domain.ids import Position, RoomId, UserId
from veche.domain.notifications import ruleset_from
from veche.domain.sessions import Asker
from veche.queries.sync.wish import SyncToken, SyncWish
from veche.storage import account_data, notifications
from veche.storage.reader import Snapshot

PUSH_RULES = "m.push_rules"
ALL = RoomEventFilter()


def everything(at: Snapshot, asker: Asker, wish: SyncWish) -> dict[str, msgspec.Raw]:
    """Return all global account data, and always the push rules, as the member ``account_data``."""
    return _part(asker, wish, [*_stored(at, asker, Position(0)), _push_rules(at, asker.user, Position(-1))])


def changes(at: Snapshot, asker: Asker, wish: SyncWish, since: SyncToken) -> dict[str, msgspec.Raw]:
    """Return the global account data stored after ``since``."""
    return _part(asker, wish, [*_stored(at, asker, since.position), _push_rules(at, asker.user, since.position)])


def of_rooms(
    at: Snapshot, asker: Asker, rooms: list[RoomId], since: Position | None, wanted: RoomEventFilter = ALL
) -> dict[RoomId, list[msgspec.Raw]]:
    """Return the account data events of rooms stored after ``since`` (None: all) that pass the filter ``wanted``."""
    found: dict[RoomId, list[msgspec.Raw]] = {}
    for room, kind, content in account_data.of_rooms(at, asker.user, rooms, since or Position(0)):
        if wanted.passes_room(room) and wanted.passes(kind, asker.user):
            found.setdefault(room, []).append(event(kind, content))
    return found


def touched(at: Snapshot, asker: Asker, since: Position) -> set[RoomId]:
    """Return the rooms with account data stored after ``since``, joined or not."""
    return account_data.rooms_with_news(at, asker.user, since)


def event(kind: str, content: bytes) -> msgspec.Raw:
    """Return account data as sync tells it."""
    return msgspec.Raw(b'{"content":%b,"type":%b}' % (content, json.encode(kind)))


_Found = tuple[str, bytes] | None


def _stored(at: Snapshot, asker: Asker, since: Position) -> list[_Found]:
    return list(account_data.of_user(at, asker.user, since))


def _push_rules(at: Snapshot, user: UserId, since: Position) -> _Found:
    rules, position = notifications.find_changes(at, user)
    if position <= since:
        return None
    return PUSH_RULES, json.encode({"global": ruleset_from(user, rules)})


def _part(asker: Asker, wish: SyncWish, found: list[_Found]) -> dict[str, msgspec.Raw]:
    wanted = wish.filter.account_data
    events = [event(*one) for one in found if one is not None and wanted.passes(one[0], asker.user)]
    return {"account_data": msgspec.Raw(json.encode({"events": events}))} if events else {}
