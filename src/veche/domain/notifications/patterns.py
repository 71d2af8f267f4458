"""Matching text the way push rules want it: without regard to case, with globs, within words.

What is matched against what is not decided here.
"""

import re
from functools import lru_cache
from typing import Final

# A word boundary is a place beside a character outside [A-Za-z0-9_], or either end of the text (section Conditions).
_STARTS: Final = r"(?:(?<![a-z0-9_])|(?![a-z0-9_]))"
_ENDS: Final = r"(?:(?![a-z0-9_])|(?<![a-z0-9_]))"


def fold(text: str) -> str:
    """Return ``text`` as it is compared. Folding a text in parts gives the parts of the folded text.

    ``str.lower`` alone would break that promise: at the end of a word it writes a sigma as U+03C2, not U+03C3.
    """
    return text.lower().replace("\u03c2", "\u03c3")


def matches_whole(pattern: str, value: str) -> bool:
    """Say whether the glob ``pattern`` (``*`` any text, ``?`` one character) covers all of ``value``."""
    if "*" not in pattern and "?" not in pattern:
        return fold(pattern) == fold(value)
    return _follow(_whole(pattern), fold(value))


def matches_words(pattern: str, value: str) -> bool:
    """Say whether the glob ``pattern`` covers a part of ``value`` that starts and ends at word boundaries."""
    text = fold(value)
    if "*" not in pattern and "?" not in pattern and fold(pattern) not in text:
        return False
    return _follow(_words(pattern), text)


def _follow(pieces: tuple[re.Pattern[str], ...], text: str) -> bool:
    """Find the pieces one after the other, each as early as possible.

    No piece has a variable length, so this takes time in proportion to text times pattern; one regular expression
    with many ``.*`` would let anybody's rule hold the process for minutes.
    """
    position = 0
    for piece in pieces:
        found = piece.search(text, position)
        if found is None:
            return False
        position = found.end()
    return True


@lru_cache(maxsize=1024)
def _whole(pattern: str) -> tuple[re.Pattern[str], ...]:
    return _pieces(pattern, r"\A", r"\Z")


@lru_cache(maxsize=1024)
def _words(pattern: str) -> tuple[re.Pattern[str], ...]:
    return _pieces(pattern, _STARTS, _ENDS)


def _pieces(pattern: str, opening: str, closing: str) -> tuple[re.Pattern[str], ...]:
    texts = [_expression(piece) for piece in fold(pattern).split("*")]
    texts[0] = opening + texts[0]
    texts[-1] += closing
    return tuple(re.compile(text, re.DOTALL) for text in texts)


def _expression(piece: str) -> str:
    return "".join("." if letter == "?" else re.escape(letter) for letter in piece)
