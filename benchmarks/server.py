"""Starts and stops a server process on chosen cores. What is started is said elsewhere (contestants)."""

import asyncio
import os
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.wire import connect, request

CORES = sorted(os.sched_getaffinity(0))
ONE_CORE = frozenset(CORES[:1])
TWO_CORES = frozenset(CORES[:2])
DRIVER_CORES = frozenset(CORES[1:] or CORES)


class Running:
    """A server process that has answered once."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path, started_in: float) -> None:
        self.process, self.port, self.log, self.started_in = process, port, log, started_in

    @property
    def pid(self) -> int:
        """The process the accounting looks at."""
        return self.process.pid

    async def stop(self) -> None:
        """SIGTERM, and SIGKILL after 15 s. Returns when the process is gone."""
        self.process.send_signal(signal.SIGTERM)
        for _ in range(1500):
            if self.process.poll() is not None:
                return
            await asyncio.sleep(0.01)
        self.process.kill()
        self.process.wait()


async def start(
    command: Sequence[str],
    port: int,
    log: Path,
    ready: str = "/_matrix/client/versions",
    cores: frozenset[int] = ONE_CORE,
    environment: Mapping[str, str] | None = None,
    trust: Path | None = None,
) -> Running:
    """Starts `command` and waits until `ready` answers 200; by HTTPS where `trust` is where its authority will be.

    Raises RuntimeError with the end of its log if it does not within a minute.
    """
    began = time.perf_counter()
    process = _spawn(command, log, cores, {**os.environ, **(environment or {})})
    while not await _answers(port, ready, trust):
        if process.poll() is not None or time.perf_counter() - began > 60:
            process.kill()
            process.wait()
            raise RuntimeError(f"{' '.join(command[:4])} did not start:\n{_last_words(log)}")
        await asyncio.sleep(0.005)
    return Running(process, port, log, time.perf_counter() - began)


def free_port() -> int:
    """A loopback port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def pin_driver() -> None:
    """Keeps this process off the server's core, where there is more than one."""
    os.sched_setaffinity(0, DRIVER_CORES)


def _spawn(
    command: Sequence[str], log: Path, cores: frozenset[int], environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    # The child inherits the affinity of the thread that starts it, so that no thread of its own can miss the change.
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        with log.open("ab") as out:
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment, start_new_session=True
            )
    finally:
        os.sched_setaffinity(0, mine)


async def _answers(port: int, path: str, trust: Path | None) -> bool:
    try:
        wire = await connect(port, ssl.create_default_context(cafile=trust) if trust else None)
    except OSError:
        return False
    try:
        status, _ = await wire.fetch(request("GET", path))
    finally:
        wire.close()
    return status == 200


def _last_words(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:]
