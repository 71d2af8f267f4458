"""Finding people's names in the text of a message that carries no ``m.mentions``.

A room's name index keeps each member under ``name_keys``; whoever is kept under one of a body's ``candidate_words``
may be named there, everybody else is not. ``own_row`` then confirms. No index lives here.
"""

import re
from functools import lru_cache
from typing import Final

from veche.domain.ids import UserId, fits, localpart_of
from veche.domain.notifications.patterns import alone, fold

_WORD: Final = re.compile(r"\w+")
_WORD_OR_SIGN: Final = re.compile(r"\w+|[^\w\s]")
_ASCII_WORD: Final = re.compile(r"[a-z0-9_]+")


def contains_name(body: str, name: str | None) -> bool:
    """Say whether ``body`` holds the display name ``name``, not merely as a part of longer words.

    The specification leaves boundaries open for display names; here they are those of any script, so that
    "Иван" is not found in "диван".
    """
    wanted = fold(name or "").strip()
    if not wanted:
        return False
    text = fold(body)
    return wanted in text and _alone(wanted).search(text) is not None


def name_keys(user: UserId, display_name: str | None) -> frozenset[str]:
    """Return the keys under which a room's name index keeps a member: one for the localpart, one for the name.

    The localpart has to be one that ``ids.is_localpart`` allows. Words longer than an identifier are left out: no index
    could hold them.
    """
    keys = {_key(localpart_of(user)), _key(display_name or "")}
    return frozenset(key for key in keys if key and fits(key))


def candidate_words(body: str) -> frozenset[str]:
    """Return every key under which somebody named in ``body`` can be kept: its words and its signs.

    Why that is enough: a name found by ``contains_name`` starts and ends at boundaries, and its words are parted by
    what is not a word, so each of its words is a whole word of the body. Localparts are found by the boundaries of
    push rules, which know ASCII only: beside letters of other scripts they need the ASCII words too.
    """
    text = fold(body)
    words = set(_WORD_OR_SIGN.findall(text))
    if not text.isascii():
        words.update(_ASCII_WORD.findall(text))
    return frozenset(words)


@lru_cache(maxsize=1024)
def _alone(wanted: str) -> re.Pattern[str]:
    """Boundaries are needed only where the name itself begins or ends with a letter."""
    return alone(wanted, r"\w")


def _key(name: str) -> str:
    """Return the longest word of a name (it brings the fewest wrong candidates), or the first sign of one without."""
    text = fold(name).strip()
    return max(_WORD.findall(text), key=len, default=text[:1])
