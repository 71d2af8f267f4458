"""Who asks: the record that every command and query receives, and the rules of signing in."""

import base64
import hashlib
import ipaddress
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from veche.domain.ids import DeviceId, UserId
from veche.domain.refusals import Refusal, forbidden
from veche.domain.settings import Limits

Role = Literal["user", "administrator"]

PASSWORD = "m.login.password"
TOKEN = "m.login.token"
MOST_GUESSES = 10
GUESSES_WINDOW_MS = 15 * 60_000
REAUTHENTICATION_MS = 15 * 60_000
OPENID_MS = 60 * 60_000
LOGIN_TOKEN_MS = 2 * 60_000
"""What the specification recommends."""
LONGEST_ADDRESS = 64  # characters
LONGEST_CLIENT = 255  # characters
MOST_SIGN_INS = 500
"""How many entries of the history are read at once."""

Method = Literal["password", "registration", "reset code", "login token", "mail"]
Outcome = Literal["success", "wrong password", "locked", "password too old"]

WRONG_PASSWORD = forbidden("The user name or the password is wrong.")
UNKNOWN_LOGIN_TOKEN = forbidden("The login token is not known, or not good any more.")
UNKNOWN_OPENID_TOKEN = Refusal("M_UNKNOWN_TOKEN", 401, "The access token is not known, or has expired.")
_FOR_ONESELF = forbidden("This is only for one's own account.")
_NO_LOGIN_TOKENS = Refusal("M_FORBIDDEN", 400, "Signing in further devices by a token is turned off on this server.")
UNKNOWN_REFRESH = Refusal("M_UNKNOWN_TOKEN", 401, "The refresh token is not known.", extra={"soft_logout": False})


class Asker(msgspec.Struct, frozen=True):
    """Whoever sent a request: a person on a device. ``digest`` names the access token's session."""

    user: UserId
    device: DeviceId
    role: Role = "user"
    digest: bytes = b""
    is_suspended: bool = False


class Share(msgspec.Struct, frozen=True):
    """How often something may be done in a while, by each who is counted."""

    most: int
    within_ms: int


class Origin(msgspec.Struct, frozen=True):
    """From where a request came: address, port (0 where it is not known) and what the client calls itself."""

    address: str = ""
    port: int = 0
    client: str = ""

    @property
    def network(self) -> str:
        """Against what tries are counted (see ``network_of``)."""
        return network_of(self.address)


Flows = tuple[tuple[str, ...], ...]
"""Ways to confirm something: in each of them all its stages are to be done."""
Whence = Callable[[], Origin]
"""Says from where a request came; it is asked only where that is to be kept."""


class SignIn(msgspec.Struct, frozen=True):
    """Somebody tried to sign in, or an account's password was replaced by a code; ``ts`` in milliseconds."""

    number: int
    ts: int
    method: Method
    outcome: Outcome
    address: str
    port: int
    client: str


class Strangers(msgspec.Struct, frozen=True):
    """How often somebody at an address gave the name of nobody on that day, and when last."""

    address: str
    day: int
    failures: int
    last_ts: int


OPERATOR = Asker(UserId(""), DeviceId(""), "administrator")
"""Whoever runs the server: no account, but access to its data folder."""


def origin_of(address: str, port: int, client: str) -> Origin:
    """Return an origin whose texts are short and printable, whatever a client sent."""
    return Origin(_printable(address, LONGEST_ADDRESS), port, _printable(client, LONGEST_CLIENT))


def network_of(address: str) -> str:
    """Return whom an address belongs to: an IPv6 host has all the 2^64 of its network, and may use a new one each time.

    What is no IPv6 address stays as it is, and the IPv4 address in one that holds such comes out.
    """
    if ":" not in address:
        return address
    try:
        known = ipaddress.IPv6Address(address)
    except ValueError:
        return address
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(known) >> 64 << 64, 64)))


def token_from(chance: bytes) -> str:
    """Return random bytes as a token that stands in a link, or is typed: small letters and digits."""
    return base64.b32encode(chance).decode().rstrip("=").lower()


def digest_of(token: str) -> bytes:
    """Return the SHA-256 digest under which a token is stored."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def may_guess(failed: list[int], now: int) -> Refusal | None:
    """Say whether one more password may be tried; ``failed`` are the times of earlier tries, oldest first."""
    text = "Too many wrong passwords; please wait some minutes."
    return may_again(failed, Share(MOST_GUESSES, GUESSES_WINDOW_MS), now, text)


def may_again(times: list[int], share: Share, now: int, text: str = "Too often; please wait.") -> Refusal | None:
    """Say whether something may be done once more; ``times`` are those of earlier ones, oldest first."""
    recent = [ts for ts in times if ts > now - share.within_ms]
    if len(recent) < share.most:
        return None
    wait_ms = recent[-share.most] + share.within_ms - now
    return Refusal("M_LIMIT_EXCEEDED", 429, text, extra={"retry_after_ms": wait_ms})


def may_be_vouched_for(asker: Asker, user: UserId) -> Refusal | None:
    """Say whether ``asker`` may show services to be ``user``."""
    return None if asker.user == user else _FOR_ONESELF


def may_ask_for_login_token(limits: Limits) -> Refusal | None:
    """Say whether people here may make tokens that sign in further devices of theirs."""
    return None if limits.login_tokens else _NO_LOGIN_TOKENS


def reauthentication_needed(
    flows: Flows, session: str, fault: str | None = None, *, completed: Sequence[str] = (), code: str = "M_FORBIDDEN"
) -> Refusal:
    """401 with the ways to go on, each a row of stages (section User-Interactive Authentication API).

    Without ``fault`` nothing has gone wrong yet, so the reply bears no error code: clients take one for a stage that
    failed.
    """
    ways = [{"stages": list(stages)} for stages in flows]
    extra = {"flows": ways, "params": {}, "session": session, "completed": list(completed)}
    if fault is None:
        return Refusal("", 401, "", extra=extra)
    return Refusal(code, 401, fault, extra=extra)


def _printable(text: str, longest: int) -> str:
    short = text[:longest]
    return short if short.isprintable() else "".join(letter for letter in short if letter.isprintable())
