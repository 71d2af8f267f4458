"""Registration tokens: with which people make their own accounts, and what such an account gets."""

import re
from typing import Final

import msgspec

from veche.domain.ids import RoomId, UserId, is_alias, is_room_id
from veche.domain.refusals import Refusal, forbidden, invalid_param, not_found
from veche.domain.sessions import Role

MOST_ROOMS: Final = 20
"""Rooms that one token, or one line of an import, leads into: all are joined in one transaction."""
MOST_USES: Final = 1_000_000
LATEST_END: Final = 2**53 - 1
TOKEN_LENGTH: Final = 64

NO_TOKEN = not_found("There is no such registration token.")
BAD_TOKEN = forbidden("The registration token is not valid.")
TOKEN_EXISTS = invalid_param("There is such a registration token already.", "token")


class RegistrationToken(msgspec.Struct, frozen=True):
    """A token that lets people register: ``uses_allowed`` None means without limit, times in milliseconds.

    Accounts made with it get ``role`` and join ``rooms``. ``made_by`` is None for whoever runs the server.
    """

    token: str
    uses_allowed: int | None
    uses_done: int
    expires_ts: int | None
    created_ts: int
    revoked_ts: int | None = None
    role: Role = "user"
    made_by: UserId | None = None
    rooms: tuple[RoomId, ...] = ()

    def is_valid(self, now: int, *, maker_rules: bool = True) -> bool:
        """Say whether somebody may still register with it.

        ``maker_rules`` says that who made it is an administrator to this day: nobody becomes one through somebody
        who is none any more.
        """
        used_up = self.uses_allowed is not None and self.uses_done >= self.uses_allowed
        expired = self.expires_ts is not None and self.expires_ts <= now
        is_withdrawn = self.revoked_ts is not None or (self.role == "administrator" and not maker_rules)
        return not (used_up or expired or is_withdrawn)


class TokenWish(msgspec.Struct, frozen=True):
    """What a new token shall be; without a text one is made up. ``rooms`` are ids or aliases."""

    token: str | None = None
    uses_allowed: int | None = None
    expires_ts: int | None = None
    role: Role = "user"
    rooms: tuple[str, ...] = ()


def may_be_token(text: str) -> Refusal | None:
    """Say whether a registration token may read so (section Token-authenticated registration)."""
    if re.fullmatch(f"[A-Za-z0-9._~-]{{1,{TOKEN_LENGTH}}}", text):
        return None
    return invalid_param("A registration token has 1 to 64 of the characters A-Z, a-z, 0-9 and . _ ~ -.", "token")


def may_be_made(wish: TokenWish, now: int) -> Refusal | None:
    """Say why a token cannot be made so; whether its rooms exist is not known here.

    One that makes administrators ends, is good for a number of uses, and bears a text that nobody chose: whoever
    finds or guesses it rules the server.
    """
    if wish.uses_allowed is not None and not 1 <= wish.uses_allowed <= MOST_USES:
        return invalid_param(f"A token is good for 1 to {MOST_USES} uses.", "uses_allowed")
    if wish.expires_ts is not None and not now < wish.expires_ts <= LATEST_END:
        return invalid_param("A token's end lies in the future.", "expires_ts")
    if wish.role == "administrator":
        return _may_make_administrators(wish) or may_be_rooms(wish.rooms)
    return (may_be_token(wish.token) if wish.token is not None else None) or may_be_rooms(wish.rooms)


def may_be_rooms(rooms: tuple[str, ...]) -> Refusal | None:
    """Say whether these are ids or aliases of rooms, and few enough to be joined at once."""
    if len(rooms) > MOST_ROOMS:
        return invalid_param(f"At most {MOST_ROOMS} rooms can be joined at once.", "rooms")
    for room in rooms:
        if "\x00" in room or not (is_alias(room) or is_room_id(room)):
            return invalid_param(f"{room!r} is neither a room id nor an alias.", "rooms")
    return None


def no_such_room(room: str) -> Refusal:
    """400: new accounts cannot be promised a room that is not there."""
    return invalid_param(f"There is no room {room}.", "rooms")


def _may_make_administrators(wish: TokenWish) -> Refusal | None:
    if wish.token is not None:
        return invalid_param("The text of a token that makes administrators is made up by the server.", "token")
    if wish.uses_allowed is None:
        return invalid_param("A token that makes administrators needs a number of uses.", "uses_allowed")
    if wish.expires_ts is None:
        return invalid_param("A token that makes administrators needs an end.", "expires_ts")
    return None
