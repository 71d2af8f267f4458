"""How the processes talk: messages and parts of a file, each after its length in four bytes; no part ends a file."""

from collections.abc import Iterator
from struct import Struct
from typing import BinaryIO

LENGTH = Struct("!I")
LARGEST_MESSAGE = 4096
"""In bytes; neither side reads a longer one."""
LARGEST_PART = 2**20
END_OF_FILE = LENGTH.pack(0)


def framed(content: bytes) -> bytes:
    """Return ``content`` after its length."""
    return LENGTH.pack(len(content)) + content


def read_message(stream: BinaryIO) -> bytes | None:
    """Return the next message; None where the other side has ended."""
    length = stream.read(LENGTH.size)
    return _exactly(stream, LENGTH.unpack(length)[0], LARGEST_MESSAGE) if len(length) == LENGTH.size else None


def read_parts(stream: BinaryIO) -> Iterator[bytes]:
    """Return a file's parts. Raises ``EOFError`` where the other side ends within it."""
    while length := LENGTH.unpack(_exactly(stream, LENGTH.size, LENGTH.size))[0]:
        yield _exactly(stream, length, LARGEST_PART)


def write_message(stream: BinaryIO, message: bytes, body: bytes) -> None:
    """Write a message and what it announces."""
    stream.write(framed(message))
    stream.write(body)
    stream.flush()


def _exactly(stream: BinaryIO, length: int, most: int) -> bytes:
    if length > most:
        raise EOFError
    found = stream.read(length)
    if len(found) != length:
        raise EOFError
    return found
