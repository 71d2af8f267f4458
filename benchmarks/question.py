"""The shape of a question. Each file in `questions/` declares one."""

from collections.abc import Awaitable, Callable

import msgspec

from benchmarks.results import Measure
from benchmarks.scale import Scale
from benchmarks.towns import Towns


class Answer(msgspec.Struct, frozen=True):
    """The figures, and what a reader must know about them."""

    measures: tuple[Measure, ...]
    notes: tuple[str, ...] = ()


class Question(msgspec.Struct, frozen=True):
    """`people(scale)` accounts are needed; the floors are measured with `connections(scale)` polls."""

    title: Callable[[Scale], str]
    people: Callable[[Scale], int]
    ask: Callable[[Towns], Awaitable[Answer]]
    connections: Callable[[Scale], int] = lambda scale: scale.members
