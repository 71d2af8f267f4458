"""What any person can do, whatever client library they use; how the libraries do it stands in their own files."""

from pathlib import Path
from typing import Protocol

import msgspec

from tests.clients.attachments import Attachment, Received
from tests.clients.views import RoomView


class Account(msgspec.Struct, frozen=True):
    """Where somebody signs in, and with what."""

    base_url: str
    name: str
    password: str
    authority: Path | None = None
    """What the client is told to trust, where that is not known to everybody."""


class Person(Protocol):
    """One signed-in device of a person. Rooms, events and users are given by their ids."""

    user_id: str
    device_id: str

    async def create_room(self, invite: str) -> str:
        """A private encrypted room with one invited person."""

    async def create_plain_room(self, invite: str) -> str:
        """A private room without encryption, with one invited person."""

    async def join(self, room: str) -> None:
        """Accept an invitation."""

    async def membership(self, room: str, user: str) -> str | None:
        """The membership of a user as this device knows it."""

    async def devices_of(self, user: str) -> list[str]:
        """The ids of a user's devices that messages would be encrypted for."""

    async def presence(self, user: str) -> tuple[str | None, str | None]:
        """How a user is doing, and the text they show, as far as this device was told."""

    async def set_presence(self, state: str, text: str) -> None:
        """Say how one is doing."""

    async def send_text(self, room: str, text: str) -> str:
        """Send a text message."""

    async def edit(self, room: str, event: str, text: str) -> str:
        """Replace the text of an own message."""

    async def react(self, room: str, event: str, key: str) -> str:
        """Annotate a message."""

    async def redact(self, room: str, event: str) -> str:
        """Take a message or a reaction back."""

    async def mark_read(self, room: str, event: str) -> None:
        """Send a public read receipt."""

    async def set_typing(self, room: str, typing: bool) -> None:
        """Start or stop typing."""

    async def send_file(self, room: str, file: Attachment, *, encrypted: bool) -> str:
        """Upload a file and send it to a room."""

    async def fetch_file(self, room: str, event: str) -> Received | None:
        """Fetch the file of an event and, of a picture, the thumbnail; None while the event has not arrived."""

    async def look(self, room: str) -> RoomView:
        """Everything this device would show of a room now."""

    async def close(self) -> None:
        """Stop the client; its session stays signed in."""
