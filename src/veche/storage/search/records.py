"""What goes into the index, what is asked of it, and what it answers."""

import msgspec

from veche.domain.events import MESSAGE, NAME, TOPIC
from veche.domain.ids import Position
from veche.domain.search import Term
from veche.storage.search.analysis import Text, forms_of

SHORTEST_PREFIX = 3
"""Characters: shorter words are looked up as they are, since half of all words begin with them."""


class Document(msgspec.Struct, frozen=True):
    """An event as it is indexed, at its own position; ``source`` is that of the edit that gave it its text."""

    position: Position
    room: str
    sender: str
    kind: str
    source: Position
    has_url: bool
    text: Text


class Match(msgspec.Struct, frozen=True, array_like=True):
    """A document that fits; room and sender by their numbers."""

    position: Position
    room: int
    sender: int
    source: Position
    length: int
    has_url: bool


class Clause(msgspec.Struct, frozen=True):
    """One thing that must be in a text: any of ``tokens``, or a word that begins with ``prefix``, or the ``phrase``."""

    tokens: tuple[str, ...] = ()
    prefix: str = ""
    phrase: tuple[str, ...] = ()


class Wanted(msgspec.Struct, frozen=True):
    """What to look for: all clauses, in any of the rooms, by any of the senders, of any of the kinds.

    Rooms and senders by number; None stands for all of them. ``rooms`` are looked up in the index, which is good for
    few, or for quiet ones; by ``among`` what was found is filtered.
    """

    clauses: tuple[Clause, ...]
    rooms: tuple[int, ...] | None = None
    senders: tuple[int, ...] | None = None
    kinds: tuple[str, ...] | None = None
    with_url: bool = False
    among: tuple[int, ...] | None = None


class Progress(msgspec.Struct, frozen=True):
    """How far the index has followed the log; ``anchor`` is the id of the last event, at ``anchored``, it has seen."""

    position: Position
    anchored: Position
    anchor: str


BEGINNING = Progress(Position(0), Position(0), "")


def clauses_of(term: Term) -> tuple[Clause, ...]:
    """Return what a term asks for: of each word any form of it, or what begins with it; phrases as they stand."""
    return (*map(_clause, term.words), *(Clause(phrase=phrase) for phrase in term.phrases))


def exact_clauses(term: Term) -> tuple[Clause, ...]:
    """Return the stricter question: whether each word stands there as it was typed."""
    return tuple(Clause(phrase=phrase) for phrase in (*((forms_of(word).word,) for word in term.words), *term.phrases))


def adjacent_clauses(term: Term) -> tuple[Clause, ...]:
    """Return the strictest question: whether the words stand side by side as they were typed."""
    return tuple(Clause(phrase=phrase) for phrase in (tuple(forms_of(word).word for word in term.words), *term.phrases))


def _clause(word: str) -> Clause:
    forms = forms_of(word)
    if len(forms.word) >= SHORTEST_PREFIX:
        return Clause(forms.stems, forms.word)
    return Clause((forms.word, *forms.stems))


def marks_of(wanted: Wanted) -> list[list[str]]:
    """Return the marks by which rooms, senders and kinds are found: of each list one must be there."""
    marks = [
        [room_mark(number) for number in wanted.rooms] if wanted.rooms is not None else [],
        [sender_mark(number) for number in wanted.senders] if wanted.senders is not None else [],
        [kind_mark(kind) for kind in wanted.kinds] if wanted.kinds is not None else [],
        [URL_MARK] if wanted.with_url else [],
    ]
    return [some for some in marks if some]


def among(wanted: Wanted) -> str:
    """Return the condition that filters what was found by room."""
    return "" if wanted.among is None else f" AND room IN ({','.join(map(str, wanted.among))})"


MARK = "\ue000"
"""Begins every mark. No word has it: it is neither letter nor digit."""
URL_MARK = MARK + "u"
_KIND_MARKS = {MESSAGE: MARK + "kb", NAME: MARK + "kn", TOPIC: MARK + "kt"}


def room_mark(number: int) -> str:
    """Return what marks a document of a room."""
    return f"{MARK}r{number}"


def sender_mark(number: int) -> str:
    """Return what marks a document of a sender."""
    return f"{MARK}s{number}"


def kind_mark(kind: str) -> str:
    """Return what marks a document by its event's type."""
    return _KIND_MARKS[kind]


def marks_for(room: int, sender: int, kind: str, *, has_url: bool) -> list[str]:
    """Return all marks of a document."""
    return [room_mark(room), sender_mark(sender), kind_mark(kind), *([URL_MARK] if has_url else [])]
