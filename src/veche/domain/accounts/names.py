"""Names: which user name a new account may have, and which full name its owner."""

import re

from veche.domain.ids import fits, is_localpart, user_id
from veche.domain.profiles import LONGEST_NAME
from veche.domain.refusals import Refusal
from veche.domain.settings import Limits


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


def may_be_full_name(text: str) -> Refusal | None:
    """Say whether a new account's owner may be called ``text``: something to read, on one line."""
    if not text.strip():
        return _bad_full_name("The full name is missing.")
    if len(text) > LONGEST_NAME or not text.isprintable():
        return _bad_full_name(f"A full name has at most {LONGEST_NAME} characters and is written on one line.")
    return None


def _bad_name(text: str) -> Refusal:
    return Refusal("M_INVALID_USERNAME", 400, text, "username")


def _bad_full_name(text: str) -> Refusal:
    return Refusal("M_INVALID_PARAM", 400, text, "full_name")
