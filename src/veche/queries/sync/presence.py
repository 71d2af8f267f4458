"""Presence in sync, in its simple form: at first everybody's status, afterwards nothing."""

from collections.abc import Mapping

import msgspec

from veche.base import json
from veche.domain.ids import UserId
from veche.domain.sessions import Asker
from veche.live.presence import Status
from veche.queries.sync.wish import SyncToken, SyncWish
from veche.storage import account_data, rooms
from veche.storage.reader import Snapshot

EVENT_TYPE = "m.presence"


def everything(
    at: Snapshot, asker: Asker, wish: SyncWish, statuses: Mapping[UserId, Status], now: int
) -> dict[str, msgspec.Raw]:
    """Return the statuses of those who share a room with the asker, as the member ``presence``.

    ``statuses`` is what memory knew when the reading began; ``now`` is in milliseconds.
    """
    wanted = {user for user in statuses if wish.filter.presence.passes(EVENT_TYPE, user)}
    if not wanted:
        return {}
    visible = wanted & rooms.sharers(at, asker.user) - account_data.ignored_by(at, asker.user)
    events = [_event(user, statuses[user], now) for user in sorted(visible)]
    return {"presence": msgspec.Raw(json.encode({"events": events}))} if events else {}


def changes(at: Snapshot, asker: Asker, wish: SyncWish, since: SyncToken) -> dict[str, msgspec.Raw]:
    """Return nothing: a status set later is answered to those who ask for it."""
    return {}


def _event(user: UserId, status: Status, now: int) -> dict[str, object]:
    content: dict[str, object] = {"presence": status.presence, "last_active_ago": max(0, now - status.ts)}
    if status.status_msg is not None:
        content["status_msg"] = status.status_msg
    return {"type": EVENT_TYPE, "sender": user, "content": content}
