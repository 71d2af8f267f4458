"""What a word is indexed and looked up under: itself, folded, and its stems in Russian, French and English."""

import unicodedata
import zlib
from functools import lru_cache

import msgspec
from Stemmer import Stemmer
from Stemmer import version as stemmer_version

from veche.domain.search import fold, words_in
from veche.domain.search.words import lower

_KEPT = 20_000
_RUSSIAN, _FRENCH, _ENGLISH = (Stemmer(name, 0) for name in ("russian", "french", "english"))
WAY = zlib.crc32(f"{stemmer_version()} {unicodedata.unidata_version}".encode())
"""Changes with the libraries that say what a word and its stem is."""


class Forms(msgspec.Struct, frozen=True):
    """A word, folded, and the stems that differ from it."""

    word: str
    stems: tuple[str, ...]


class Text(msgspec.Struct, frozen=True):
    """A text as it is indexed: its words in their order, and the stems of all of them; ``whole`` is what it was."""

    words: tuple[str, ...]
    stems: tuple[str, ...]
    whole: str


@lru_cache(maxsize=_KEPT)
def forms_of(word: str) -> Forms:
    """Return what one word is found under. Which language it is in nobody says, so each of its alphabet is tried."""
    small, folded = lower(word), fold(word)
    if folded.isascii():
        # With and without accents: not everybody types them, and French endings need them.
        stems = {fold(stemmer.stemWord(form)) for stemmer in (_FRENCH, _ENGLISH) for form in {small, folded}}
    elif "а" <= small[0] <= "я":
        stems = {_RUSSIAN.stemWord(small)}
    else:
        stems = set()
    return Forms(folded, tuple(sorted(stems - {folded, ""})))


def analysed(text: str) -> Text:
    """Return what a whole text is found under."""
    forms = [forms_of(word) for word in words_in(text)]
    words = tuple([form.word for form in forms])
    stems = {stem for form in forms for stem in form.stems}
    return Text(words, tuple(sorted(stems.difference(words))), text)
