"""Accounts: who may register, and who may look after them. Pure rules only; where accounts are kept is not known here.

``names`` and ``passwords`` say what those may be, ``tokens`` what a registration token promises, ``first`` how the
first administrator begins, ``importing`` how people come from a table.
"""

import msgspec

from veche.domain.accounts.names import folded, may_be_full_name, may_bear
from veche.domain.accounts.tokens import NO_TOKEN, TOKEN_EXISTS, RegistrationToken, may_be_token
from veche.domain.ids import UserId
from veche.domain.moderation import may_take_part
from veche.domain.refusals import Refusal, forbidden, not_found
from veche.domain.sessions import Asker, Role
from veche.domain.settings import Registration

__all__ = [
    "DUMMY",
    "NAME_TAKEN",
    "NO_ACCOUNT",
    "NO_GUESTS",
    "NO_THREEPIDS",
    "NO_TOKEN",
    "REGISTRATION_CLOSED",
    "REGISTRATION_TOKEN",
    "TOKEN_EXISTS",
    "AccountEntry",
    "RegistrationToken",
    "folded",
    "may_administer",
    "may_be_full_name",
    "may_be_token",
    "may_bear",
    "may_oversee",
    "stage_of_registration",
]

DUMMY = "m.login.dummy"
REGISTRATION_TOKEN = "m.login.registration_token"

NAME_TAKEN = Refusal("M_USER_IN_USE", 400, "That user name is taken.", "username")
NO_GUESTS = Refusal("M_GUEST_ACCESS_FORBIDDEN", 403, "This server has no guest accounts.")
NO_THREEPIDS = Refusal("M_THREEPID_DENIED", 403, "This server keeps no mail addresses or telephone numbers.")
NO_ACCOUNT = not_found("There is no such account.")
REGISTRATION_CLOSED = forbidden("Registration is closed on this server; ask its administrator for an account.")


class Hold(msgspec.Struct, frozen=True):
    """Somebody is locked or suspended: since when, until when (None: for ever), by whom (None: the operator), why."""

    since_ts: int
    until_ts: int | None
    by: UserId | None
    reason: str


class AccountEntry(msgspec.Struct, frozen=True):
    """An account as administrators see it; times in milliseconds."""

    user_id: UserId
    role: Role
    created_ts: int
    deactivated_ts: int | None = None
    display_name: str | None = None
    lock: Hold | None = None
    suspension: Hold | None = None


def may_administer(asker: Asker) -> Refusal | None:
    """Say whether ``asker`` may look after other people's accounts: administrators, but for suspended ones."""
    return may_oversee(asker) or may_take_part(asker)


def may_oversee(asker: Asker) -> Refusal | None:
    """Say whether ``asker`` may see what administrators see; those who are suspended still may."""
    return None if asker.role == "administrator" else forbidden("Only an administrator may do this.")


def stage_of_registration(registration: Registration) -> str | None:
    """Return the stage by which people register, or None where they cannot."""
    return {"open": DUMMY, "token": REGISTRATION_TOKEN}.get(registration)
