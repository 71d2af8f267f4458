"""The binary form of PostgreSQL's COPY, as far as the tables of this house need it: whole numbers, texts and bytes.

A file begins with a signature; each row is a count of fields, each field a length (-1: NULL) and so many bytes.
"""

import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

from veche.storage.operation.faults import Damaged

Kind = Literal["number", "text", "bytes"]
_SIGNATURE = b"PGCOPY\n\xff\r\n\x00" + struct.pack("!ii", 0, 0)
_END = -1
_READERS: dict[Kind, Callable[[bytes], Any]] = {
    "number": lambda data: int.from_bytes(data, "big", signed=True),
    "text": lambda data: data.decode(),
    "bytes": bytes,
}


def rows(parts: Iterable[bytes], kinds: list[Kind]) -> Iterator[tuple[Any, ...]]:
    """Read the rows of a table whose columns are of these kinds; raises ``Damaged``."""
    readers = [_READERS[kind] for kind in kinds]
    taker = _Taker(parts)
    if taker.take(len(_SIGNATURE)) != _SIGNATURE:
        raise Damaged("this is no table that was copied from PostgreSQL")
    while (fields := _number(taker.take(2))) != _END:
        if fields != len(readers):
            raise Damaged(f"a row has {fields} fields where there are {len(readers)} columns")
        yield tuple([_field(taker, read) for read in readers])
    taker.drain()


def _field(taker: "_Taker", read: Callable[[bytes], Any]) -> Any:
    length = _number(taker.take(4))
    return None if length < 0 else read(taker.take(length))


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big", signed=True)


class _Taker:
    """Takes pieces of any size out of parts of any size."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = iter(parts)
        self._held = b""
        self._at = 0

    def take(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._held):
            self._fetch(size)
            end = size
        piece = self._held[self._at : end]
        self._at = end
        return piece

    def drain(self) -> None:
        """Read to the end, so that the whole is checked."""
        for _ in self._parts:
            continue

    def _fetch(self, size: int) -> None:
        held = [self._held[self._at :]]
        length = len(held[0])
        while length < size:
            part = next(self._parts, None)
            if part is None:
                raise Damaged("a table ends in the middle of a row")
            held.append(part)
            length += len(part)
        self._held, self._at = b"".join(held), 0
