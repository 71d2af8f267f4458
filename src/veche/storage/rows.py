"""What storage functions that only read ask for: a snapshot's or a transaction's two verbs."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Protocol, TypeVar

from veche.domain.ids import Position
from veche.storage.engines import Row

T = TypeVar("T")

LARGEST_LIST = 500
"""Parameters of one ``IN (…)``: longer lists are read in slices."""


class Rows(Protocol):
    """Rows of the database as of one moment."""

    @property
    def position(self) -> Position:
        """The newest position inside that moment."""

    def all(self, sql: str, *params: Any) -> list[Row]:
        """Return the rows of one statement."""

    def one(self, sql: str, *params: Any) -> Row | None:
        """Return the first row, or None."""


def all_in(rows: Rows, sql: str, values: Iterable[Any], *before: Any) -> list[Row]:
    """Run ``sql``, whose ``IN (??)`` comes last, for any number of values; ``before`` fills the ``?`` ahead of it."""
    wanted = list(values)
    if len(wanted) <= LARGEST_LIST:
        return _all_in(rows, sql, wanted, before) if wanted else []
    found: list[Row] = []
    for some in slices(wanted, LARGEST_LIST):
        found += _all_in(rows, sql, list(some), before)
    return found


def _all_in(rows: Rows, sql: str, values: list[Any], before: tuple[Any, ...]) -> list[Row]:
    """Fill the list up to a power of two by naming the last value again: few lengths, few statements to compile."""
    size = 1 << (len(values) - 1).bit_length()
    return rows.all(_with_marks(sql, size), *before, *values, *(values[-1:] * (size - len(values))))


@lru_cache(maxsize=4_096)
def _with_marks(sql: str, count: int) -> str:
    return sql.replace("??", ",".join("?" * count))


def slices(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Cut ``values`` into parts of at most ``size``."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
