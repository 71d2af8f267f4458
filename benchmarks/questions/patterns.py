"""How long can the worst pattern of a push rule or a filter, or the worst name, be looked for in a text?

Load: patterns that are bad for one of the usual ways of looking, each in a megabyte made for it; no server takes part.
An event has at most a sixteenth of that, and its type, which is all that a filter's globs see, 255 bytes.
Counted: CPU milliseconds of the slowest, the best of three each.
"""

import asyncio
import time
from collections.abc import Callable

from benchmarks.question import Answer, Question
from benchmarks.results import Measure
from benchmarks.scale import Scale
from benchmarks.towns import Towns
from veche.domain.account_data import LONGEST_GLOB, MOST_STARS, EventFilter
from veche.domain.notifications import contains_name
from veche.domain.notifications.patterns import MOST_BESIDE_MARKS, matches_whole, matches_words

LENGTH = 2**20
REPEATS = 3
HOSTILE = (
    ("a" * 200 + "b", "a"),
    ("a" * 200, "a"),
    ("a " * 100 + "b", "a "),
    ("a a", "a aa "),
    ("ab" * 100 + "c", "ab"),
    ("*a" * 120 + "*b", "a"),
    ("?" * 250 + "b", "a"),
    ("?" + "a" * (MOST_BESIDE_MARKS - 1) + "b", "a "),
    ("a" * (MOST_BESIDE_MARKS // 2) + "?" + "a" * (MOST_BESIDE_MARKS // 2 - 1) + "b", "a"),
    ("*?" * 120 + "b", "a "),
    ("ж" * 200 + "б", "ж"),
    ("σ" * 200 + "b", "Σ"),
)
HOSTILE_TO_FILTERS = (
    ("*" + "a" * (LONGEST_GLOB - 3) + "b*", "a"),
    ("*b" + "a" * (LONGEST_GLOB - 3) + "*", "a"),
    ("*" + "a" * 126 + "b" + "a" * 126 + "*", "a"),
    ("*" + "a" * 20 + "b" + "a" * 20 + "*", "a"),
    ("*aaab*", "a"),
    ("*a" * (MOST_STARS - 1) + "*b", "a"),
    ("a*" * (MOST_STARS - 1) + "a" * 200 + "b*", "a"),
    ("*" + "ab" * 100 + "c*", "ab"),
    ("*" + "ж" * 200 + "б*", "ж"),
)
"""Few stars and no question marks: a filter knows no more."""
Match = Callable[[str, str], bool]
Hostile = tuple[tuple[str, str], ...]


async def ask(towns: Towns) -> Answer:
    """Each is looked for beside the loop; nothing else runs meanwhile."""
    slowest = {name: await asyncio.to_thread(_slowest, *asked) for name, asked in _MATCHES.items()}
    measures = (
        Measure(f"the slowest {name}, a megabyte", ms, "ms CPU", at_most=50) for name, (ms, _) in slowest.items()
    )
    notes = (f"{name}: {pattern[:9]!r}… in {part!r}…" for name, (_, (pattern, part)) in slowest.items())
    return Answer(tuple(measures), tuple(notes))


def _passes(glob: str, text: str) -> bool:
    return EventFilter(types=(glob,)).passes(text, "")


_MATCHES: dict[str, tuple[Match, Hostile]] = {
    "glob of a whole value": (matches_whole, HOSTILE),
    "glob within words": (matches_words, HOSTILE),
    "glob of a filter": (_passes, HOSTILE_TO_FILTERS),
    "name": (lambda name, text: contains_name(text, name), HOSTILE),
}


def _slowest(match: Match, hostile: Hostile) -> tuple[float, tuple[str, str]]:
    return max((_best(match, *one), one) for one in hostile)


def _best(match: Match, pattern: str, part: str) -> float:
    text = part * (LENGTH // len(part)) + "!"
    return min(_once(match, pattern, text) for _ in range(REPEATS))


def _once(match: Match, pattern: str, text: str) -> float:
    begun = time.thread_time()
    match(pattern, text)
    return (time.thread_time() - begun) * 1000


def title(scale: Scale) -> str:
    """The question, the same at every scale."""
    return "hostile patterns in a megabyte of text"


QUESTION = Question(title=title, people=lambda scale: 2, ask=ask)
