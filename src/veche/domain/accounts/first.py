"""The first administrator: the one-use link that makes one, and all that is wrong with what was entered behind it."""

from typing import Any, Final

import msgspec

from veche.domain.accounts.names import folded, may_be_full_name, may_bear
from veche.domain.accounts.passwords import PasswordPolicy, may_choose_password
from veche.domain.accounts.transliteration import proposed_name
from veche.domain.refusals import Refusal, invalid_param, missing_param, not_found
from veche.domain.settings import Limits

LINK_MS: Final = 24 * 3_600_000
"""How long a link is good for."""
FAULTS: Final = "org.veche.faults"
"""Under this name a refusal lists everything that is wrong, field by field."""

NO_LINK = not_found("This link is not valid.")
LINK_GONE = Refusal("org.veche.link_gone", 410, "This link is no longer valid.")


class FirstLink(msgspec.Struct, frozen=True):
    """A link that was given out: the SHA-256 digest of its token, and its times in milliseconds."""

    digest: bytes
    expires_ts: int
    used_ts: int | None = None


class FirstWish(msgspec.Struct, frozen=True):
    """What was entered. Without a user name one is made from the full name, and the other way round.

    ``password_again`` is None where nobody had to type it twice.
    """

    name: str
    full_name: str
    password: str
    password_again: str | None = None


def may_begin(link: FirstLink | None, now: int, *, has_administrator: bool) -> Refusal | None:
    """Say why a link does not make an administrator: 404 for what was never given out, 410 for what is over."""
    if link is None:
        return NO_LINK
    if link.used_ts is not None or link.expires_ts <= now or has_administrator:
        return LINK_GONE
    return None


def completed(wish: FirstWish, limits: Limits) -> FirstWish:
    """Return the wish with its names as the account will bear them; one that was left out is made from the other."""
    typed, full_name = wish.name.strip(), " ".join(wish.full_name.split())
    name = folded(typed) or proposed_name(full_name, limits) or ""
    return msgspec.structs.replace(wish, name=name, full_name=full_name or typed)


def may_be_first(wish: FirstWish, policy: PasswordPolicy, limits: Limits) -> Refusal | None:
    """Say what is wrong with a completed wish: the first fault, with all of them under ``org.veche.faults``."""
    faults = _of_names(wish, limits)
    weak = may_choose_password(wish.password, wish.name, policy, limits)
    if weak is not None:
        faults.append(_fault("password", weak, part=weak.field))
    if wish.password_again not in (None, wish.password):
        faults.append(_fault("password_again", invalid_param("The two passwords differ.")))
    if not faults:
        return None
    first = faults[0]
    return Refusal(first["errcode"], 400, first["error"], first["field"], {FAULTS: faults})


def _of_names(wish: FirstWish, limits: Limits) -> list[dict[str, Any]]:
    faults: list[dict[str, Any]] = []
    unreadable = may_be_full_name(wish.full_name)
    if unreadable is not None:
        faults.append(_fault("full_name", unreadable))
    if not wish.name:
        faults.append(_fault("username", missing_param("A user name is needed.")))
    elif (wrong := may_bear(wish.name, limits)) is not None:
        proposal = proposed_name(wish.name, limits) or proposed_name(wish.full_name, limits)
        faults.append(_fault("username", wrong, proposal=proposal))
    return faults


def _fault(field: str, refusal: Refusal, **more: str | None) -> dict[str, Any]:
    known = {name: value for name, value in more.items() if value is not None}
    return {"field": field, "errcode": refusal.code, "error": refusal.text, **known, **(refusal.extra or {})}
