"""Matching text the way push rules want it: without regard to case, with globs, within words.

Whatever the pattern, the time is in proportion to the text alone: anybody's rule is asked about everybody's messages.
What is matched against what is not decided here.
"""

import re
from functools import lru_cache
from typing import Final

MOST_BESIDE_MARKS: Final = 32
"""Letters of a piece (what stands between two stars) that holds a question mark, which are compared at every place."""

_LETTER: Final = "[a-z0-9_]"
# A word boundary is a place beside a character outside [A-Za-z0-9_], or either end of the text (section Conditions).
_BOUNDARY: Final = f"(?:(?<!{_LETTER})|(?!{_LETTER}))"
_MARKS: Final = re.compile(r"(\?+)")


def fold(text: str) -> str:
    """Return ``text`` as it is compared. Folding a text in parts gives the parts of the folded text.

    ``str.lower`` alone would break that promise: at the end of a word it writes a sigma as U+03C2, not U+03C3.
    """
    return text.lower().replace("\u03c2", "\u03c3")


def is_bearable(pattern: str) -> bool:
    """Say whether a glob can be looked for in time; one that cannot matches nothing."""
    pieces = (piece for piece in fold(pattern).split("*") if "?" in piece)
    return all(len(piece) - piece.count("?") <= MOST_BESIDE_MARKS for piece in pieces)


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


def alone(text: str, letter: str) -> re.Pattern[str]:
    """Return what finds ``text``, which is not empty, where it is no part of a longer word; ``letter`` is the
    expression of a letter of words.
    """
    return re.compile(re.escape(text) + _end(text, letter) + _start(text, letter), re.DOTALL)


def _follow(pieces: tuple[re.Pattern[str], ...] | None, text: str) -> bool:
    """Find the pieces one after the other, each as early as possible.

    No piece has a variable length, so none is tried twice at one place; a single regular expression with many ``.*``
    would let anybody's rule hold the process for minutes.
    """
    if pieces is None:
        return False
    position = 0
    for piece in pieces:
        found = piece.search(text, position)
        if found is None:
            return False
        position = found.end()
    return True


@lru_cache(maxsize=1024)
def _whole(pattern: str) -> tuple[re.Pattern[str], ...] | None:
    if not is_bearable(pattern):
        return None
    pieces = [_expression(piece) for piece in fold(pattern).split("*")]
    pieces[0] = rf"\A{pieces[0]}"
    pieces[-1] = rf"{pieces[-1]}\Z"
    return _compiled(pieces)


@lru_cache(maxsize=1024)
def _words(pattern: str) -> tuple[re.Pattern[str], ...] | None:
    if not is_bearable(pattern):
        return None
    texts = fold(pattern).split("*")
    pieces = [_expression(text) for text in texts]
    pieces[-1] += _end(texts[-1], _LETTER) if _is_letter(texts[-1][-1:]) else _BOUNDARY
    pieces[0] = pieces[0] + _start(texts[0], _LETTER) if _is_letter(texts[0][:1]) else _BOUNDARY + pieces[0]
    return _compiled(pieces)


def _compiled(pieces: list[str]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(piece, re.DOTALL) for piece in pieces)


def _is_letter(text: str) -> bool:
    return text not in ("", "?")


def _start(text: str, letter: str) -> str:
    """Return what stands behind ``text`` in an expression and wants it to begin at a boundary.

    Behind it, because then the expression begins with the text itself: Python leaps over what cannot be it, and looks
    at its ends only where it stands. In front, each boundary would cost a comparison with all of the text.
    """
    return f"(?<!{letter}.{{{len(text)}}})" if re.match(letter, text) else ""


def _end(text: str, letter: str) -> str:
    return f"(?!{letter})" if re.match(letter, text[-1:]) else ""


def _expression(piece: str) -> str:
    runs = _MARKS.split(piece)  # each second one is made of question marks
    return "".join(f".{{{len(run)}}}" if number % 2 else re.escape(run) for number, run in enumerate(runs))
