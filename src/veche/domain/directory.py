"""Aliases: which a room may call its own (client-server API, Room aliases)."""

from collections.abc import Callable, Iterable

from veche.domain.events import Content
from veche.domain.ids import Alias, is_alias, server_of
from veche.domain.refusals import Refusal, invalid_param


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


def _aliases(content: Content) -> Iterable[object]:
    if content.get("alias") not in (None, ""):  # both say that there is no main alias
        yield content["alias"]
    others = content.get("alt_aliases")
    yield from others if isinstance(others, list) else ()
