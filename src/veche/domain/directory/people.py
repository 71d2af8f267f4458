"""Finding people: under which texts each may be found, and how close a search comes to them.

Cyrillic and accented letters are compared as they are written in Latin, and a second time by their sound, so that
Юлия, Yulia and Julia find each other. Who may see whom is not known here.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

import msgspec

from veche.domain.accounts.transliteration import transliterated
from veche.domain.ids import UserId, localpart_of

LONGEST_TERM: Final = 256  # characters; what is longer fits nobody's name
SHORTEST_SOUND: Final = 3  # letters; shorter ones sound like everything

EXACT, SOUNDS_EXACT, BEGINS_WORD, SOUNDS_LIKE_WORD, BEGINS_ID, INSIDE, SOUNDS_INSIDE = range(7)
"""How close a search comes to a person, the closest first."""

_SOUNDS: Final = {  # the longer spellings first
    "shch": "sh",
    "sch": "sh",
    "kh": "h",
    "ph": "f",
    "ck": "k",
    "ch": "ch",
    "c": "k",
    "x": "ks",
    "w": "v",
    "y": "i",
    "j": "i",
}
_SPELLED = re.compile("|".join(_SOUNDS))
_TWICE = re.compile(r"(\w)\1+")


class Keys(msgspec.Struct, frozen=True, gc=False):
    """Under which texts somebody is found. Each word has a space before it, so that its beginning can be asked for.

    ``either`` holds the words of the name and those of the localpart, and the latter as it is.
    """

    user: UserId
    name: str
    sound: str
    localpart: str
    either: str


class Term(msgspec.Struct, frozen=True):
    """What is searched for: words of a name or of a user name, or the beginning of a user id.

    ``sounds`` are the words as they sound, none where that is too short to tell anything.
    """

    localpart: str
    is_id: bool = False
    words: tuple[str, ...] = ()
    sounds: tuple[str, ...] = ()
    beginnings: tuple[str, ...] = ()
    sound_beginnings: tuple[str, ...] = ()


def keys_of(user: UserId, name: str | None) -> Keys:
    """Return the texts under which somebody with that display name is found."""
    words = _words(name or "")
    localpart = transliterated(localpart_of(user))
    name_words, sound, id_words = (
        "".join(_beginnings(some)) for some in (words, map(_sound, words), _words(localpart))
    )
    return Keys(user, name_words, sound, localpart, f"{name_words}\n{id_words}\n{localpart}")


def term_of(text: str, server_name: str) -> Term | None:
    """Return what a search looks for; None where nobody can fit: too long, or an id of another server."""
    text = text.strip()
    if len(text) > LONGEST_TERM:
        return None
    if text.startswith("@") or (":" in text and len(text.split()) == 1):
        localpart, _, server = text.removeprefix("@").partition(":")
        return Term(transliterated(localpart), is_id=True) if server_name.startswith(server) else None
    words = _words(text)
    sounds = tuple(map(_sound, words))
    if sum(map(len, sounds)) < SHORTEST_SOUND:
        sounds = ()
    return Term(transliterated(text), False, words, sounds, _beginnings(words), _beginnings(sounds))


def fitting(term: Term, everybody: Iterable[Keys]) -> dict[int, list[Keys]]:
    """Return all whom a search fits, by closeness."""
    found: dict[int, list[Keys]] = {}
    for keys in _perhaps(term, everybody):
        close = closeness(term, keys)
        if close is not None:
            found.setdefault(close, []).append(keys)
    return found


def closeness(term: Term, keys: Keys) -> int | None:
    """Return how close a search comes to somebody; None where it does not fit."""
    if term.is_id:
        return _closeness_of_id(term, keys)
    if not term.words:
        return INSIDE if term.localpart in keys.localpart else None
    return _closeness_to_name(term, keys)


def _perhaps(term: Term, everybody: Iterable[Keys]) -> Iterable[Keys]:
    """Leave out at little cost most of those whom a search does not fit."""
    if not term.words:
        return everybody
    word = term.words[0]
    if not term.sounds:
        return [keys for keys in everybody if word in keys.either]
    sound = term.sounds[0]
    return [keys for keys in everybody if word in keys.either or sound in keys.sound]


def _closeness_of_id(term: Term, keys: Keys) -> int | None:
    if keys.localpart == term.localpart:
        return EXACT
    return BEGINS_ID if keys.localpart.startswith(term.localpart) else None


def _closeness_to_name(term: Term, keys: Keys) -> int | None:
    if keys.name == "".join(term.beginnings) or keys.localpart == term.localpart:
        return EXACT
    if term.sounds and keys.sound == "".join(term.sound_beginnings):
        return SOUNDS_EXACT
    if _are_in(term.beginnings, keys.name):
        return BEGINS_WORD
    if term.sounds and _are_in(term.sound_beginnings, keys.sound):
        return SOUNDS_LIKE_WORD
    if _are_in(term.beginnings, keys.either):
        return BEGINS_ID
    if _are_in(term.words, keys.name) or _are_in(term.words, keys.localpart):
        return INSIDE
    return SOUNDS_INSIDE if term.sounds and _are_in(term.sounds, keys.sound) else None


def _are_in(parts: tuple[str, ...], text: str) -> bool:
    for part in parts:  # noqa: SIM110 (a generator would take three times as long, for each of thousands of people)
        if part not in text:
            return False
    return True


def _words(text: str) -> tuple[str, ...]:
    """Cut a text at spaces, punctuation and control characters; signs such as emoji stay."""
    latin = transliterated(text)
    return tuple("".join(" " if unicodedata.category(letter)[0] in "ZPC" else letter for letter in latin).split())


def _beginnings(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(" " + word for word in words)


def _sound(word: str) -> str:
    """Return how a word sounds, roughly, however its sounds are spelled in Latin."""
    plain = _TWICE.sub(r"\1", _SPELLED.sub(lambda found: _SOUNDS[found[0]], word))
    return _TWICE.sub(r"\1", plain.replace("io", "e").replace("ie", "e"))
