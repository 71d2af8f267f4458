"""Accounts: who may register, and who may look after them. Pure rules only; where accounts are kept is not known here.

``names`` and ``passwords`` say what those may be, ``tokens`` what a registration token promises, ``first`` how the
first administrator begins, ``importing`` how people come from a table.
"""

import msgspec

from veche.domain.accounts.addresses import EMAIL_IDENTITY
from veche.domain.accounts.names import folded, may_be_full_name, may_bear
from veche.domain.accounts.tokens import NO_TOKEN, TOKEN_EXISTS, RegistrationToken, may_be_token
from veche.domain.ids import UserId
from veche.domain.moderation import may_take_part
from veche.domain.refusals import Refusal, forbidden, not_found
from veche.domain.sessions import Asker, Flows, Role
from veche.domain.settings import Limits

__all__ = [
    "DUMMY",
    "NAME_TAKEN",
    "NO_ACCOUNT",
    "NO_GUESTS",
    "NO_TOKEN",
    "REGISTRATION_CLOSED",
    "REGISTRATION_TOKEN",
    "TOKEN_EXISTS",
    "AccountEntry",
    "RegistrationToken",
    "flows_of_registration",
    "folded",
    "may_administer",
    "may_be_full_name",
    "may_be_token",
    "may_bear",
    "may_oversee",
]

DUMMY = "m.login.dummy"
REGISTRATION_TOKEN = "m.login.registration_token"

NAME_TAKEN = Refusal("M_USER_IN_USE", 400, "That user name is taken.", "username")
NO_GUESTS = Refusal("M_GUEST_ACCESS_FORBIDDEN", 403, "This server has no guest accounts.")
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


def flows_of_registration(limits: Limits) -> Flows:
    """Return the ways in which people register, none where they cannot.

    A mail address comes before the registration token, so that whoever wants to give one is not done without it.
    """
    if limits.registration == "closed":
        return ()
    own = (REGISTRATION_TOKEN,) if limits.registration == "token" else ()
    with_mail = ((EMAIL_IDENTITY, *own),) if limits.sends_mail else ()
    return with_mail if limits.registration_requires_mail else (own or (DUMMY,), *with_mail)
