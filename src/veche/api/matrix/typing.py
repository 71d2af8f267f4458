"""Typing notices."""

import msgspec

from veche.api.http.contract import Door, Empty, Endpoint
from veche.commands import typing as commands
from veche.domain.ids import RoomId, UserId
from veche.domain.sessions import Asker


class Notice(msgspec.Struct, frozen=True):
    """Whether somebody types; ``timeout`` in milliseconds."""

    typing: bool
    timeout: int | None = None


class TypingRequest(msgspec.Struct, frozen=True):
    """``PUT /rooms/{room_id}/typing/{user_id}``."""

    room_id: RoomId
    user_id: UserId
    body: Notice


async def set_typing(door: Door, asker: Asker, query: TypingRequest) -> Empty:
    """Tell the room that the asker types, or no longer (section Typing Notifications)."""
    notice = query.body
    await commands.set_typing(
        door.commands, asker, query.room_id, query.user_id, is_typing=notice.typing, timeout_ms=notice.timeout
    )
    return Empty()


_TYPING = "/_matrix/client/v3/rooms/{room_id}/typing/{user_id}"

ENDPOINTS = (Endpoint("PUT", _TYPING, "user", "write", TypingRequest, Empty, set_typing),)
