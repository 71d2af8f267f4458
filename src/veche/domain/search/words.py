"""Words: what a text is cut into, and what is alike for whoever searches: case, accents, ё and е."""

import re
import unicodedata
from functools import lru_cache

LONGEST_WORD = 64
"""Characters; what is longer is found by its beginning."""

_IDEOGRAPHS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_IDEOGRAPHS}]|[^\W_{_IDEOGRAPHS}]+")
_MARK = re.compile("[\u0300-\u036f]+")
_LATIN = (range(0x00C0, 0x0250), range(0x1E00, 0x1F00))
_ALONE = {"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ł": "l", "ð": "d", "þ": "th", "ı": "i", "ħ": "h", "ŧ": "t"}


def words_in(text: str) -> list[str]:
    """Return the words of a text as they are written, in order; an ideograph is a word of its own.

    What is neither letter nor digit parts words, and nobody can search for it.
    """
    if not text.isascii():
        text = _MARK.sub("", text if unicodedata.is_normalized("NFKC", text) else unicodedata.normalize("NFKC", text))
    return _WORD.findall(text)


def lower(word: str) -> str:
    """Return a word in small letters, with е for ё: what a stemmer is asked about."""
    return word.casefold().replace("ё", "е")[:LONGEST_WORD]


def fold(word: str) -> str:
    """Return what a word has in common with all its spellings: small letters, no accents, е for ё."""
    small = lower(word)
    return small if small.isascii() else small.translate(_bare())[:LONGEST_WORD]


@lru_cache(maxsize=1)
def _bare() -> dict[int, str]:
    """The Latin letters without their accents. Only those: й is not и, and Ukrainian ї is not і."""
    found: dict[int, str] = {}
    for letters in _LATIN:
        for code in letters:
            plain = _MARK.sub("", unicodedata.normalize("NFKD", chr(code)))
            if plain != chr(code) and plain.isascii():
                found[code] = plain.lower()
    return found | {ord(letter): plain for letter, plain in _ALONE.items()} | {0x0307: ""}
