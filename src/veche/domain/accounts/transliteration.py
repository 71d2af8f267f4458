"""Proposing a user name for a person's name: Cyrillic and accented letters as they are written in Latin.

A table of our own, because it is small, fixed, and has to give what people see in their passports and addresses.
"""

import re
import unicodedata
from typing import Final

from veche.domain.accounts.names import may_bear
from veche.domain.settings import Limits

LONGEST_PROPOSAL: Final = 64

_PAIRS: Final = (
    "ё=e ж=zh х=kh ц=ts ч=ch ш=sh щ=shch ъ= ь= ю=yu я=ya і=i ї=yi є=ye ґ=g ў=u"
    " ј=j љ=lj њ=nj ћ=c ђ=dj џ=dz қ=k ң=n ғ=g ү=u ұ=u ө=o ә=a һ=h"
    " ß=ss æ=ae œ=oe ø=o ł=l đ=d ð=d þ=th ı=i ’= '="
)
_LETTERS: Final = {
    **dict(zip("абвгдезийклмнопрстуфыэ", "abvgdeziyklmnoprstufye", strict=True)),
    **dict(pair.split("=") for pair in _PAIRS.split()),
}
"""Lower-case letters that do not fall apart into a Latin letter and its accent."""
_KNOWN: Final = str.maketrans(_LETTERS)


def transliterated(text: str) -> str:
    """Return ``text`` in small letters of ASCII, as far as its letters are known; others stay."""
    latin = unicodedata.normalize("NFC", text).lower().translate(_KNOWN)
    return latin if latin.isascii() else "".join(map(_latin, latin))


def proposed_name(text: str, limits: Limits) -> str | None:
    """Return a user name made from a person's name or from a wrong user name; None where none can be made.

    ``Анна Иванова`` becomes ``anna.ivanova``. Whether it is free is not known here.
    """
    localpart = re.split("[@:]", text.lstrip("@"))[0]  # of a user id, or of a mail address
    words = re.findall(r"[a-z0-9_=+-]+", transliterated(localpart))
    name = re.sub(r"[._=+-]*\.[._=+-]*", ".", ".".join(words))[:LONGEST_PROPOSAL].strip("._=+-")
    return name if name and may_bear(name, limits) is None else None


def _latin(letter: str) -> str:
    """Take its accent from a letter that is not known, and look up what is left; ``й`` is known, and so no ``и``."""
    bare = (part for part in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(part))
    return "".join(_LETTERS.get(part, part) for part in bare)
