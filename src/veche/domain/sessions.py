"""Who asks: the record that every command and query receives, and the rules of signing in."""

import hashlib
from typing import Literal

import msgspec

from veche.domain.ids import DeviceId, UserId
from veche.domain.refusals import Refusal, forbidden

Role = Literal["user", "administrator"]

PASSWORD = "m.login.password"
MOST_GUESSES = 10
GUESSES_WINDOW_MS = 15 * 60_000
REAUTHENTICATION_MS = 15 * 60_000

WRONG_PASSWORD = forbidden("The user name or the password is wrong.")
UNKNOWN_REFRESH = Refusal("M_UNKNOWN_TOKEN", 401, "The refresh token is not known.", extra={"soft_logout": False})


class Asker(msgspec.Struct, frozen=True):
    """Whoever sent a request: a person on a device. ``digest`` names the access token's session."""

    user: UserId
    device: DeviceId
    role: Role = "user"
    digest: bytes = b""


OPERATOR = Asker(UserId(""), DeviceId(""), "administrator")
"""Whoever runs the server: no account, but access to its data folder."""


def digest_of(token: str) -> bytes:
    """Return the SHA-256 digest under which a token is stored."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def may_guess(failed: list[int], now: int) -> Refusal | None:
    """Say whether one more password may be tried; ``failed`` are the times of earlier tries, oldest first."""
    recent = [ts for ts in failed if ts > now - GUESSES_WINDOW_MS]
    if len(recent) < MOST_GUESSES:
        return None
    wait_ms = recent[-MOST_GUESSES] + GUESSES_WINDOW_MS - now
    text = "Too many wrong passwords; please wait some minutes."
    return Refusal("M_LIMIT_EXCEEDED", 429, text, extra={"retry_after_ms": wait_ms})


def reauthentication_needed(stage: str, session: str, fault: str | None = None) -> Refusal:
    """401 with the ways to go on (section User-Interactive Authentication API).

    Without ``fault`` nothing has been tried yet, so the reply bears no error code: clients take one for a stage
    that failed.
    """
    flows = {"flows": [{"stages": [stage]}], "params": {}, "session": session, "completed": []}
    if fault is None:
        return Refusal("", 401, "", extra=flows)
    return Refusal("M_FORBIDDEN", 401, fault, extra=flows)
