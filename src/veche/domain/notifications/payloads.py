"""What a push gateway is told: the body of ``POST /_matrix/push/v1/notify`` (Push Gateway API).

How it gets there is not known here.
"""

from typing import Any

import msgspec

from veche.domain.events import ENCRYPTED, MEMBER
from veche.domain.ids import UserId
from veche.domain.notifications.pushers import EVENT_ID_ONLY, Pusher
from veche.domain.notifications.records import Verdict
from veche.domain.timeline import Event, content_of

URL = "url"


class Surroundings(msgspec.Struct, frozen=True):
    """What is told of an event beside itself: names as they are now, None where there are none."""

    room_name: str | None = None
    room_alias: str | None = None
    sender_name: str | None = None


def event_payload(
    pusher: Pusher, user: UserId, event: Event, verdict: Verdict, around: Surroundings, unread: int
) -> dict[str, Any]:
    """Return the body that tells of one event; ``unread`` is the number for the application's icon."""
    told: dict[str, Any] = {
        "event_id": event.event_id,
        "room_id": event.room_id,
        "prio": _priority(event, verdict),
        "counts": {"unread": unread},
    }
    if pusher.data.get("format") == EVENT_ID_ONLY:
        return {"notification": {**told, "devices": [_device(pusher)]}}
    told |= {"type": event.type, "sender": event.sender, "content": content_of(event)}
    names = {
        "room_name": around.room_name,
        "room_alias": around.room_alias,
        "sender_display_name": around.sender_name,
    }
    told |= {name: value for name, value in names.items() if value is not None}
    if event.type == MEMBER:
        told |= {"membership": told["content"].get("membership"), "user_is_target": event.state_key == user}
    return {"notification": {**told, "devices": [{**_device(pusher), "tweaks": verdict.tweaks}]}}


def badge_payload(pusher: Pusher, unread: int) -> dict[str, Any]:
    """Return the body that only changes the number on the application's icon.

    Zero is told too, although the specification would rather have it left out: gateways take what is missing for
    unchanged.
    """
    return {"notification": {"counts": {"unread": unread}, "prio": "low", "devices": [_device(pusher)]}}


def _device(pusher: Pusher) -> dict[str, Any]:
    return {
        "app_id": pusher.key.app_id,
        "pushkey": pusher.key.pushkey,
        "pushkey_ts": pusher.set_ts // 1000,
        "data": {name: value for name, value in pusher.data.items() if name != URL},
    }


def _priority(event: Event, verdict: Verdict) -> str:
    """High is what makes a sound or stands out, and what only the application can judge."""
    is_high = event.type == ENCRYPTED or verdict.highlight or "sound" in verdict.tweaks
    return "high" if is_high else "low"
