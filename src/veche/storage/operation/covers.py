"""How a backup's files lie on the disk: as they are, or sealed with a passphrase (``sealing``)."""

from collections.abc import Callable, Iterator
from typing import BinaryIO, Protocol

from veche.domain.ids import Digest

PART = 2**18
"""Bytes that are read, sealed and written at once."""


class Sink(Protocol):
    """What content is written to, part by part."""

    def write(self, part: bytes) -> None:
        """Take the next bytes."""

    def finish(self) -> None:
        """All was written. Whatever lacks this cannot be read later."""


class Cover(Protocol):
    """One way of keeping files. ``group`` names the folder of contents that were kept in the same way."""

    group: str
    is_sealed: bool

    def name_of(self, digest: Digest) -> str:
        """Return the name under which a content lies, 64 hexadecimal digits."""

    def size_of(self, size: int) -> int:
        """Return how many bytes a content of ``size`` bytes takes."""

    def sink(self, file: BinaryIO, name: str) -> Sink:
        """Begin to write a content called ``name``."""

    def parts(self, file: BinaryIO, name: str) -> Iterator[bytes]:
        """Read a content called ``name``; raises ``Damaged`` where it can tell that something is wrong with it."""


class Plain:
    """Files as they are."""

    group = "plain"
    is_sealed = False

    def name_of(self, digest: Digest) -> str:
        """Contents are called by their digest."""
        return digest

    def size_of(self, size: int) -> int:
        """Nothing is added."""
        return size

    def sink(self, file: BinaryIO, name: str) -> Sink:
        """Write as it comes."""
        return _Straight(file)

    def parts(self, file: BinaryIO, name: str) -> Iterator[bytes]:
        """Read as it is."""
        while part := file.read(PART):
            yield part


class _Straight:
    def __init__(self, file: BinaryIO) -> None:
        self._write: Callable[[bytes], int] = file.write

    def write(self, part: bytes) -> None:
        self._write(part)

    def finish(self) -> None:
        """Nothing marks the end."""
