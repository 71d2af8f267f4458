"""What a person's device shows of a room, in one shape for every client library, and waiting for it to change."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

Seen = TypeVar("Seen")

DEADLINE = 20.0
"""Seconds any single wait or command may take before the test fails; far beyond what a healthy server needs."""

GLANCE = 0.02
"""Seconds between two looks at the same thing."""


class Message(msgspec.Struct, frozen=True):
    """One message as shown: with its newest edit; without text if redacted or not decryptable."""

    event_id: str
    sender: str
    text: str | None
    is_encrypted: bool
    is_edited: bool
    is_redacted: bool
    reactions: dict[str, list[str]]


class RoomView(msgspec.Struct, frozen=True):
    """A room as shown: messages oldest first, where each member's read receipt stands, who is typing."""

    messages: list[Message]
    read_up_to: dict[str, str | None]
    typing: list[str]

    def message(self, event_id: str) -> Message | None:
        """The message of that event, None while it has not arrived."""
        return next((message for message in self.messages if message.event_id == event_id), None)


async def until(look: Callable[[], Awaitable[Seen]], holds: Callable[[Seen], bool], expected: str) -> Seen:
    """Look again and again until what is seen holds; gives up after the deadline, showing the last look."""
    end = time.monotonic() + DEADLINE
    while True:
        seen = await look()
        if holds(seen):
            return seen
        if time.monotonic() > end:
            raise AssertionError(f"after {DEADLINE:.0f} s still not so: {expected}; last seen: {seen!r}")
        await asyncio.sleep(GLANCE)
