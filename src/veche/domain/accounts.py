"""Accounts: which names and passwords a new one may have, and who may register.

Pure rules only; where accounts are kept and how passwords are hashed is not known here.
"""

import re

import msgspec

from veche.domain.ids import UserId, fits, is_localpart, user_id
from veche.domain.refusals import Refusal, forbidden, invalid_param, not_found
from veche.domain.sessions import Asker, Role
from veche.domain.settings import Limits, Registration

DUMMY = "m.login.dummy"
REGISTRATION_TOKEN = "m.login.registration_token"
LONGEST_PASSWORD = 1000  # characters

NAME_TAKEN = Refusal("M_USER_IN_USE", 400, "That user name is taken.", "username")
NO_GUESTS = Refusal("M_GUEST_ACCESS_FORBIDDEN", 403, "This server has no guest accounts.")
NO_THREEPIDS = Refusal("M_THREEPID_DENIED", 403, "This server keeps no mail addresses or telephone numbers.")
NO_ACCOUNT = not_found("There is no such account.")
NO_TOKEN = not_found("There is no such registration token.")
TOKEN_EXISTS = invalid_param("There is such a registration token already.", "token")
REGISTRATION_CLOSED = forbidden("Registration is closed on this server; ask its administrator for an account.")


class AccountEntry(msgspec.Struct, frozen=True):
    """An account as administrators see it; times in milliseconds."""

    user_id: UserId
    role: Role
    created_ts: int
    deactivated_ts: int | None = None


class RegistrationToken(msgspec.Struct, frozen=True):
    """A token that lets people register: ``uses_allowed`` None means without limit, times in milliseconds."""

    token: str
    uses_allowed: int | None
    uses_done: int
    expires_ts: int | None
    created_ts: int
    revoked_ts: int | None = None

    def is_valid(self, now: int) -> bool:
        """Say whether somebody may still register with it."""
        used_up = self.uses_allowed is not None and self.uses_done >= self.uses_allowed
        expired = self.expires_ts is not None and self.expires_ts <= now
        return self.revoked_ts is None and not used_up and not expired


def folded(name: str) -> str:
    """Return a user name as accounts bear it: capitals are only another way of writing it."""
    return name.lower()


def may_bear(name: str, limits: Limits) -> Refusal | None:
    """Say whether a new account may have ``name`` as its localpart (appendices, section User Identifiers)."""
    if not is_localpart(name):
        return _bad_name("A user name is made of the characters a-z, 0-9 and . _ = - / +.")
    if not fits(user_id(name, limits.server_name)):
        return _bad_name("The user name is too long: with the server's name it must fit into 255 characters.")
    if not re.fullmatch(limits.user_name_pattern, name):
        return _bad_name(f"On this server a user name must match {limits.user_name_pattern}.")
    return None


def may_choose_password(password: str, name: str, limits: Limits) -> Refusal | None:
    """Say whether ``password`` is strong enough for the account called ``name``: long, and not everybody's first."""
    if len(password) < limits.shortest_password:
        return _weak(f"The password must have at least {limits.shortest_password} characters.")
    if len(password) > LONGEST_PASSWORD:
        return _weak(f"The password must have at most {LONGEST_PASSWORD} characters.")
    if password.lower() in limits.common_passwords:
        return _weak("That password is one of those that everybody tries first; please choose another.")
    if name and password.lower() in (name.lower(), user_id(name, limits.server_name).lower()):
        return _weak("The password must not be the user name.")
    return None


def may_be_token(text: str) -> Refusal | None:
    """Say whether a registration token may read so (section Token-authenticated registration)."""
    if re.fullmatch("[A-Za-z0-9._~-]{1,64}", text):
        return None
    return invalid_param("A registration token has 1 to 64 of the characters A-Z, a-z, 0-9 and . _ ~ -.", "token")


def may_administer(asker: Asker) -> Refusal | None:
    """Say whether ``asker`` may look after other people's accounts."""
    return None if asker.role == "administrator" else forbidden("Only an administrator may do this.")


def stage_of_registration(registration: Registration) -> str | None:
    """Return the stage by which people register, or None where they cannot."""
    return {"open": DUMMY, "token": REGISTRATION_TOKEN}.get(registration)


def _bad_name(text: str) -> Refusal:
    return Refusal("M_INVALID_USERNAME", 400, text, "username")


def _weak(text: str) -> Refusal:
    return Refusal("M_WEAK_PASSWORD", 400, text, "password")
