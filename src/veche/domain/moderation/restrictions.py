"""Moderation: locking and suspending people (section Account moderation). Each is a record, never a flag."""

from typing import Final, Literal

import msgspec

from veche.domain.ids import UserId
from veche.domain.refusals import Refusal, forbidden, invalid_param
from veche.domain.sessions import Asker, Role

RestrictionKind = Literal["lock", "suspension"]

FOR_EVER: Final = 2**53 - 1
"""Where a restriction has no end, this stands for it."""
LONGEST_REASON = 500  # characters

LOCKED = Refusal("M_USER_LOCKED", 401, "This account has been locked.", extra={"soft_logout": True})
SUSPENDED = Refusal("M_USER_SUSPENDED", 403, "You cannot do this while your account is suspended.")
_ONESELF = forbidden("You cannot lock or suspend your own account, nor end that.")
_AMONG_EQUALS = forbidden("Administrators are not locked or suspended this way.")
LAST_ADMINISTRATOR = forbidden(
    "This is the last administrator who is neither locked nor suspended: make somebody else an administrator first."
)
NO_LONGER_OPEN = forbidden("This account has been closed.")


class Restriction(msgspec.Struct, frozen=True):
    """Somebody is locked or suspended since and until those milliseconds; ``by`` is empty for the operator."""

    user: UserId
    kind: RestrictionKind
    since_ts: int
    until_ts: int
    by: UserId
    reason: str

    def holds(self, now: int) -> bool:
        """Say whether it is in force."""
        return now < self.until_ts


class Target(msgspec.Struct, frozen=True):
    """Somebody to whom something is to be done; ``is_last`` says that no other administrator could do anything."""

    user: UserId
    role: Role
    is_last: bool


class Standing(msgspec.Struct, frozen=True):
    """How it is with somebody's account at this moment, whatever was known when their request began."""

    role: Role
    is_open: bool
    is_locked: bool
    is_suspended: bool


def may_go_on(standing: Standing | None) -> Refusal | None:
    """Say whether somebody may end what they began, at the moment in which it is to be written down."""
    if standing is None or not standing.is_open:
        return NO_LONGER_OPEN
    if standing.is_locked:
        return LOCKED
    return SUSPENDED if standing.is_suspended else None


def may_take_part(asker: Asker) -> Refusal | None:
    """Say whether ``asker`` may do what others notice: whoever is suspended reads, leaves and takes back only."""
    return SUSPENDED if asker.is_suspended else None


def may_restrict(asker: Asker, target: Target, *, spares_administrators: bool) -> Refusal | None:
    """Say whether ``asker`` may lock or suspend the target (section Server Administration).

    The specification's own endpoints spare administrators; ours spare only the last one.
    """
    if asker.user == target.user:
        return _ONESELF
    if spares_administrators and target.role == "administrator":
        return _AMONG_EQUALS
    return may_do_without(target)


def may_lift(asker: Asker, target: Target, *, spares_administrators: bool) -> Refusal | None:
    """Say whether ``asker`` may let the target go on; nobody lets themselves go."""
    if asker.user == target.user:
        return _ONESELF
    return _AMONG_EQUALS if spares_administrators and target.role == "administrator" else None


def may_look_up(target: Target) -> Refusal | None:
    """Say whether the specification's endpoints may tell how the target is restricted: of administrators nothing."""
    return _AMONG_EQUALS if target.role == "administrator" else None


def may_do_without(target: Target) -> Refusal | None:
    """Say whether the server can do without this administrator."""
    return LAST_ADMINISTRATOR if target.is_last else None


def may_be_reason(reason: str) -> Refusal | None:
    """Say whether a reason may read so."""
    if len(reason) > LONGEST_REASON or "\x00" in reason:
        return invalid_param(f"A reason has at most {LONGEST_REASON} characters and no NUL.", "reason")
    return None


def may_end_at(until_ts: int | None, now: int) -> Refusal | None:
    """Say whether a restriction may end at that millisecond."""
    if until_ts is None or now < until_ts <= FOR_EVER:
        return None
    return invalid_param("The end must lie in the future.", "until_ts")
