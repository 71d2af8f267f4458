"""The control socket: how the ``veche`` command reaches a running server.

A Unix socket in the data folder that only its owner may open. Each connection carries one JSON line there, an action,
and one back: its result, or one sentence that says why not.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec

from veche.app.actions import Action, perform
from veche.commands.context import Context
from veche.domain.refusals import Refused
from veche.queries.context import ReadContext

NAME = "control.sock"
_PATIENCE_SECONDS = 60
_LONGEST_LINE = 2**21  # bytes; people are imported a hundred at a time
_LONGEST_PATH = 100  # bytes; a Unix socket's address ends at 108


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What came of an action: its result, or the fault."""

    result: Any = None
    fault: str | None = None


@contextlib.asynccontextmanager
async def listening(data: Path, commands: Context, queries: ReadContext) -> AsyncIterator[None]:
    """Answer actions until the block ends. Whoever calls this holds the folder's lock, so an old socket is nobody's."""
    path = data / NAME
    path.unlink(missing_ok=True)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(
            TimeoutError, ConnectionError, ValueError
        ):  # whoever asked went away or talks nonsense
            async with asyncio.timeout(_PATIENCE_SECONDS):
                answer = await _answered(await reader.readline(), commands, queries)
                writer.write(msgspec.json.encode(answer) + b"\n")
                await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(serve, sock=_bound(path), limit=_LONGEST_LINE)
    try:
        yield
    finally:
        server.close()
        path.unlink(missing_ok=True)


def is_answered(data: Path) -> bool:
    """Say whether a server listens in this data folder."""
    with socket.socket(socket.AF_UNIX) as connection, _short(data / NAME) as address:
        try:
            connection.connect(address)
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True


def ask(data: Path, action: Action) -> Answer | None:
    """Let a running server do something; None where no server listens in this data folder."""
    with socket.socket(socket.AF_UNIX) as connection, _short(data / NAME) as address:
        connection.settimeout(_PATIENCE_SECONDS)
        try:
            connection.connect(address)
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        connection.sendall(msgspec.json.encode(action) + b"\n")
        with connection.makefile("rb") as lines:
            return msgspec.json.decode(lines.readline(), type=Answer)


async def _answered(line: bytes, commands: Context, queries: ReadContext) -> Answer:
    try:
        action = msgspec.json.decode(line, type=Action)
        return Answer(await perform(commands, queries, action))
    except msgspec.DecodeError as fault:
        return Answer(fault=f"the server does not understand: {fault}")
    except Refused as refused:
        return Answer(fault=refused.refusal.text)


def _bound(path: Path) -> socket.socket:
    bound = socket.socket(socket.AF_UNIX)
    with _short(path) as address:
        bound.bind(address)
    path.chmod(0o600)
    return bound


@contextlib.contextmanager
def _short(path: Path) -> Iterator[str]:
    """Give an address of the socket that fits: through the folder's descriptor where its path is too long."""
    if len(os.fsencode(path)) <= _LONGEST_PATH:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
