"""The stream of device lists: whose keys an asker must look at again, and whose no longer matter.

Computed from who changed keys and from the rooms shared at both ends; encrypted rooms and others are not told apart.
"""

import msgspec

from veche.base import json
from veche.domain.ids import Position, UserId
from veche.domain.sessions import Asker
from veche.queries.sync.wish import SyncToken, SyncWish
from veche.storage.encryption import device_lists
from veche.storage.encryption.device_lists import Standing
from veche.storage.reader import Snapshot


class DeviceLists(msgspec.Struct, frozen=True):
    """Users by what became of their keys (section Extensions to /sync)."""

    changed: list[UserId]
    left: list[UserId]


class Encounters(msgspec.Struct, frozen=True):
    """Who has come to share a room with the asker, and who shares none any more."""

    met: set[UserId]
    lost: set[UserId]


def everything(at: Snapshot, asker: Asker, wish: SyncWish) -> dict[str, msgspec.Raw]:
    """A first sync says nothing: the client asks for the keys it needs."""
    return {}


def changes(
    at: Snapshot, asker: Asker, wish: SyncWish, since: SyncToken, encounters: Encounters
) -> dict[str, msgspec.Raw]:
    """Return ``device_lists`` for what happened since the token, or nothing."""
    lists = _lists(at, asker, since.position, encounters)
    return {"device_lists": msgspec.Raw(json.encode(lists))} if lists.changed or lists.left else {}


def changes_since(at: Snapshot, asker: Asker, since: Position) -> DeviceLists:
    """Return who changed keys after ``since`` or came to share a room with the asker, and who shares none any more."""
    return _lists(at, asker, since, encounters(at, asker, since))


def encounters(at: Snapshot, asker: Asker, since: Position) -> Encounters:
    """Return whom the asker has met and lost after ``since``.

    Somebody who shared a room throughout is not met by sharing another one too.
    """
    own = device_lists.standings(at, asker.user, since)
    stayed = [room.room_id for room in own if room.is_joined and room.since <= since]
    begun = [room for room in own if room.since > since]
    moved = device_lists.moved(at, stayed, since)
    return Encounters(_met(at, asker, since, begun, moved), _lost(at, asker, since, begun, moved))


def _lists(at: Snapshot, asker: Asker, since: Position, encounters: Encounters) -> DeviceLists:
    return DeviceLists(sorted(_changed(at, asker, since) | encounters.met), sorted(encounters.lost))


def _changed(at: Snapshot, asker: Asker, since: Position) -> set[UserId]:
    changed = device_lists.changed_since(at, asker.user, since)
    return device_lists.sharing_now(at, asker.user, changed - {asker.user}) | (changed & {asker.user})


def _met(at: Snapshot, asker: Asker, since: Position, begun: list[Standing], moved: list[Standing]) -> set[UserId]:
    """Return who shares a room now that was not shared before, and has shared no other throughout."""
    entered = [room.room_id for room in begun if room.is_joined]
    met = device_lists.joined_now(at, entered) | {other.user_id for other in moved if other.is_joined}
    met.discard(asker.user)
    return met - device_lists.sharing_throughout(at, asker.user, met, since) if met else met


def _lost(at: Snapshot, asker: Asker, since: Position, begun: list[Standing], moved: list[Standing]) -> set[UserId]:
    """Return who shared a room at ``since`` and shares none now."""
    lost = _gone_from(at, since, [other for other in moved if not other.is_joined])
    once_in = {room for room, _ in device_lists.joined_at(at, begun, since)}
    lost |= device_lists.joined_throughout(at, once_in, since)
    lost |= _gone_from(at, since, device_lists.moved(at, once_in, since))
    lost.discard(asker.user)
    return lost - device_lists.sharing_now(at, asker.user, lost) if lost else lost


def _gone_from(at: Snapshot, since: Position, candidates: list[Standing]) -> set[UserId]:
    return {user for _, user in device_lists.joined_at(at, candidates, since)}
