"""Aliases: which a room may call its own (client-server API, Room aliases), and which suits its name."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import Final

from veche.domain.events import Content
from veche.domain.ids import Alias, fits, is_alias, server_of
from veche.domain.refusals import Refusal, invalid_param
from veche.domain.sessions import Asker
from veche.domain.settings import Limits

MOST_DEFAULT_ROOMS: Final = 20
"""Rooms that every new account joins: all in the transaction that makes the account."""


def bad_alias(text: str) -> Refusal:
    """400: the canonical alias names an alias that does not lead to this room."""
    return Refusal("M_BAD_ALIAS", 400, text)


def names_other_room(content: Content, present: Content, leads_here: Callable[[Alias], bool]) -> Refusal | None:
    """Say why this content of m.room.canonical_alias is not allowed; only aliases new to the event are looked at."""
    known = set(_aliases(present))
    for alias in _aliases(content):
        if not isinstance(alias, str) or not is_alias(alias):
            return invalid_param(f"{alias!r} is not a room alias", "alias")
        if alias not in known and not leads_here(Alias(alias)):
            return bad_alias(f"{alias} does not lead to this room")
    return None


def may_be_alias(alias: str, server_name: str) -> Refusal | None:
    """Say why ``alias`` cannot be made on this server."""
    if not is_alias(alias):
        return invalid_param(f"{alias!r} is not a room alias", "room_alias")
    if server_of(alias) != server_name:
        return invalid_param(f"{alias} belongs to another server", "room_alias")
    return None


def may_take_alias(asker: Asker, alias: Alias, limits: Limits) -> Refusal | None:
    """Say whether ``asker`` may give a room that alias: those of the rooms that everybody joins are administrators'."""
    if asker.role == "administrator" or alias not in default_aliases(limits):
        return None
    return Refusal("M_EXCLUSIVE", 400, f"{alias} is kept for the room that everybody joins.")


def default_aliases(limits: Limits) -> list[Alias]:
    """Return the aliases of the rooms that everybody joins."""
    return [alias_for(name, limits.server_name) for name in limits.default_rooms]


def alias_for(name: str, server_name: str) -> Alias:
    """Return the alias that suits a room called ``name``: small letters of its own alphabet, hyphens for spaces."""
    words = re.findall(r"[\w.]+", unicodedata.normalize("NFC", name).lower())
    return Alias(f"#{'-'.join(words)}:{server_name}")


def may_be_default_rooms(names: tuple[str, ...], server_name: str) -> Refusal | None:
    """Say why these cannot be the rooms that everybody shares: each needs an alias of its own."""
    if len(names) > MOST_DEFAULT_ROOMS:
        return invalid_param(f"there are at most {MOST_DEFAULT_ROOMS} of them")
    aliases = [alias_for(name, server_name) for name in names]
    for name, alias in zip(names, aliases, strict=True):
        if alias.startswith("#:") or not fits(alias):
            return invalid_param(f"no alias can be made of {name!r}")
        if aliases.count(alias) > 1:
            return invalid_param(f"several of them lead to {alias}")
    return None


def _aliases(content: Content) -> Iterable[object]:
    if content.get("alias") not in (None, ""):  # both say that there is no main alias
        yield content["alias"]
    others = content.get("alt_aliases")
    yield from others if isinstance(others, list) else ()
