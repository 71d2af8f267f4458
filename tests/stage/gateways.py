"""Push gateways inside the test's process: what they were told, and how they behave."""

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from veche.base import json
from veche.domain.facts import Entry
from veche.domain.notifications.gateways import Gateways
from veche.integrations.gateways import NotDelivered
from veche.workers.notifications import Patience

GATEWAY = "https://push.example.org/_matrix/push/v1/notify"
OTHER_GATEWAY = "https://other.example.org/_matrix/push/v1/notify"
ALLOWED = "https://push.example.org, https://other.example.org"
HASTE = Patience(first_s=0.005, longest_s=0.02, badge_s=0.0, save_s=0.02)
"""How tests wait: hardly."""


class Push(msgspec.Struct, frozen=True):
    """One call: where to, and the notification."""

    url: str
    notification: dict[str, Any]

    @property
    def pushkey(self) -> str:
        """Whom it was for."""
        key: str = self.notification["devices"][0]["pushkey"]
        return key

    @property
    def unread(self) -> int:
        """The number for the icon."""
        number: int = self.notification["counts"]["unread"]
        return number

    @property
    def event_id(self) -> str | None:
        """The event it tells of; None for a mere number."""
        return self.notification.get("event_id")


class Recorder:
    """Stands in for all gateways. ``faults`` are raised for a URL, ``rejected`` pushkeys are rejected, and who is
    ``silent`` never answers.
    """

    def __init__(self) -> None:
        self.pushes: list[Push] = []
        self.tried = 0
        self.faults: dict[str, NotDelivered] = {}
        self.silent: set[str] = set()
        self.rejected: set[str] = set()

    def open(self, gateways: Gateways, agent: str, authorities: Callable[[], Iterable[Path]]) -> "Recorder":
        """Take the place of the real client."""
        return self

    async def push(self, url: str, body: bytes) -> frozenset[str]:
        """Take note of a call."""
        self.tried += 1
        await asyncio.sleep(0)
        if url in self.silent:
            await asyncio.Event().wait()
        if url in self.faults:
            raise self.faults[url]
        push = Push(url, json.decode(body)["notification"])
        self.pushes.append(push)
        return frozenset(self.rejected & {push.pushkey})

    async def close(self) -> None:
        """Nothing is held."""

    def to(self, pushkey: str) -> list[Push]:
        """What was told to one pusher."""
        return [push for push in self.pushes if push.pushkey == pushkey]

    def events_to(self, pushkey: str) -> list[str]:
        """The events that one pusher was told of."""
        return [push.event_id for push in self.to(pushkey) if push.event_id is not None]


def concerns_pushers(entry: Entry) -> bool:
    """Say whether the push worker looks at a fact."""
    return entry.fact.kind in ("event", "read_mark")


def pusher(pushkey: str, url: str = GATEWAY, **more: Any) -> dict[str, Any]:
    """The body that sets a pusher."""
    data = {"url": url, **more.pop("data", {})}
    return {
        "app_id": "org.example.app",
        "pushkey": pushkey,
        "kind": "http",
        "app_display_name": "App",
        "device_display_name": "Phone",
        "lang": "en",
        "data": data,
        **more,
    }
