"""Profiles: which fields a person's profile may have and what they may hold."""

import re
from typing import Any

from veche.base import json
from veche.domain.ids import LONGEST, UserId
from veche.domain.refusals import Refusal, bad_json, forbidden, invalid_param
from veche.domain.sessions import Asker

DISPLAY_NAME = "displayname"
AVATAR = "avatar_url"
TIME_ZONE = "m.tz"
SHOWN_IN_ROOMS = (DISPLAY_NAME, AVATAR)

LARGEST = 65_536  # bytes of the whole profile as JSON
LONGEST_NAME = 256  # characters
LONGEST_ADDRESS = 1000  # characters

_KEY = re.compile(r"(displayname|avatar_url|[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)+)\Z")
_MXC = re.compile(r"mxc://[^/\s\x00]+/[A-Za-z0-9_~.-]+\Z")


def may_edit(asker: Asker, user: UserId) -> Refusal | None:
    """Say whether ``asker`` may change the profile of ``user``: everybody only their own."""
    return None if asker.user == user else forbidden("You can change only your own profile.")


def may_be_field(key: str) -> Refusal | None:
    """Say whether a profile may have a field called ``key`` (appendices, Common Namespaced Identifier Grammar)."""
    if len(key.encode()) > LONGEST:
        return Refusal("M_KEY_TOO_LARGE", 400, f"A profile field's name has at most {LONGEST} bytes.")
    if not _KEY.match(key):
        return invalid_param("That cannot be the name of a profile field.", "keyName")
    return None


def may_hold(key: str, value: Any) -> Refusal | None:
    """Say whether the field ``key`` may hold ``value``; fields that the specification does not know hold any JSON."""
    try:
        json.check(value)
    except json.BadJson as fault:
        return bad_json(f"The value cannot be kept: {fault}.", key)
    if key == DISPLAY_NAME:
        return _text(key, value, LONGEST_NAME)
    if key == AVATAR and value != "" and not (isinstance(value, str) and _MXC.match(value)):
        return bad_json("avatar_url must be an mxc:// address.", key)
    if key in (AVATAR, TIME_ZONE):
        return _text(key, value, LONGEST_ADDRESS)
    return None


def may_fit(profile: dict[str, Any]) -> Refusal | None:
    """Say whether a profile as a whole is small enough."""
    if len(json.encode(profile)) >= LARGEST:
        return Refusal("M_PROFILE_TOO_LARGE", 400, f"A profile must stay below {LARGEST} bytes.")
    return None


def empties(key: str, value: Any) -> bool:
    """Say whether setting this value means taking the field away: clients clear name and picture with an empty text."""
    return key in SHOWN_IN_ROOMS and value == ""


def _text(key: str, value: Any, longest: int) -> Refusal | None:
    if not isinstance(value, str):
        return bad_json(f"{key} must be a text.", key)
    if len(value) > longest or "\x00" in value:
        return invalid_param(f"{key} has at most {longest} characters and no NUL.", key)
    return None
