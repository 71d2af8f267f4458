"""Serving: the data folder, the HTTP server and the way it all ends."""

import asyncio
import contextlib
import gc
import logging
import os
import shlex
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from veche.api.http.lane import lane_protocol
from veche.api.matrix.hot import HotEndpoints
from veche.app import control, logs, metrics
from veche.app.listening import bound_socket, is_loopback
from veche.app.settings import Values
from veche.app.wiring import Running, build
from veche.commands import accounts
from veche.domain.refusals import Refused

if TYPE_CHECKING:
    from veche.app.https.serving import Secure

_log = logging.getLogger("veche.serving")

_SWITCH_SECONDS = 0.0005
"""With Python's own 5 ms a busy loop starves the writer of the interpreter lock for up to two seconds."""
_GOODBYE_SECONDS = 2


def serve(values: Values, data: Path) -> None:
    """Run the server until SIGTERM or SIGINT."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    os.umask(0o077)
    logs.configure(values["log_level"], values["log_format"])
    running = build(values, data)
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn_run(running, values, data.absolute())


def uvicorn_run(running: Running, values: Values, data: Path) -> None:
    """Run the loop with uvicorn as the HTTP server."""
    import uvloop

    uvloop.run(_serve(running, values, data))


async def _serve(running: Running, values: Values, data: Path) -> None:
    listening = bound_socket(values["host"], values["port"])
    secure = _secure(running, values, listening)
    config = uvicorn.Config(
        running.application,
        http=lane_protocol(HotEndpoints(running.application, asyncio.get_running_loop()).choose),
        ws="none",
        loop="uvloop",
        access_log=False,
        log_config=None,
        lifespan="off",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=_GOODBYE_SECONDS,
        server_header=False,
        proxy_headers=False,
        date_header=False,
    )
    server = PlainServer(config) if secure is None else secure.server(config)
    async with _started(running), contextlib.AsyncExitStack() as beside:
        await beside.enter_async_context(control.listening(data, running.commands, running.queries))
        await beside.enter_async_context(metrics.serving(running, values["metrics"]))
        if secure is not None:
            await beside.enter_async_context(secure.page())
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, _stop, running, server)
        _settle()
        running.errands.run(_found_added_rooms(running))
        await _greet(running, data, _greeting_of(listening) if secure is None else secure.greeting())
        await server.serve([listening])


class PlainServer(uvicorn.Server):
    """uvicorn, except that signals are ours: they end long polls before it waits for them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


def _secure(running: Running, values: Values, listening: socket.socket) -> "Secure | None":
    """Return what speaks HTTPS, or None where plain HTTP is spoken; raises ``BadCertificate``."""
    if values["tls"] == "auto" and is_loopback(listening):
        return None
    host, port = listening.getsockname()[:2]
    from veche.app.https.serving import Secure

    return Secure(running.certificates, values, running.commands.limits.server_name, host, port)


def _greeting_of(listening: socket.socket) -> list[str]:
    host, port = listening.getsockname()[:2]
    return [f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"]


async def _greet(running: Running, data: Path, where: list[str]) -> None:
    """Say where the server is, and as long as nobody has an account how to make the first."""
    lines = [f"Veche serves {running.commands.limits.server_name} on {where[0]}", *where[1:]]
    token = await accounts.offer_first_link(running.commands)
    if token is not None:
        lines.append(
            "Nobody has an account yet. This link makes the first one, an administrator's; it works once, for a day:"
        )
        lines.append(f"  {running.commands.limits.public_address or where[0]}/first/{token}")
        lines.append("So does this command:")
        lines.append(f"  {_own_command()} user add NAME --admin --data {shlex.quote(str(data))}")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


async def _found_added_rooms(running: Running) -> None:
    """Found the rooms that the setting names since the last start; warn where somebody's own room has the alias."""
    try:
        for alias in await accounts.found_added_rooms(running.commands):
            text = "default_rooms: %s is the alias of somebody's own room, which nobody is brought into: %s"
            _log.warning(text, alias, "delete the alias and start again, or let it lead to another room")
    except Refused as refused:  # a full disk, say: the next start tries again
        _log.warning("default_rooms: %s", refused.refusal.text)


def _own_command() -> str:
    """Return how this very program is called, for a shell."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        of_checkout = called.absolute().parents[2] / "bin" / "veche"
        return shlex.quote(str(of_checkout)) if of_checkout.exists() else f"{shlex.quote(sys.executable)} -m veche"
    return "veche" if shutil.which("veche") == str(called) else shlex.quote(str(called))


def _stop(running: Running, server: uvicorn.Server) -> None:
    """Wake all long polls first: uvicorn waits for open requests before it ends."""
    running.live.notifier.close()
    server.should_exit = True


@contextlib.asynccontextmanager
async def _started(running: Running) -> AsyncIterator[None]:
    await running.start()
    running.indexing.start()
    try:
        yield
    finally:
        await running.stop()


def _settle() -> None:
    """Let the collector forget what was made at start and look at the rest less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
