"""The process that follows the log and keeps the search index: part after part, then it waits to be woken.

It reads the database and writes the index only, lets everybody else go first, and ends when its server does.
"""

import contextlib
import logging
import os
import resource
import select
import signal
import sys
from pathlib import Path

import msgspec

from veche.app import logs
from veche.app.engines import engine_at
from veche.app.indexing.records import Orders
from veche.storage.search import Indexer, open_store

_log = logging.getLogger("veche.search")

_LEAST_PRIORITY = 19
_MOST_MEMORY = 2**30
"""Bytes of address space, the libraries' own included: a fault ends this process and not the machine."""
_LOOK_SECONDS = 5.0
"""The index may be asked to be made anew, or be removed, while nobody writes a message."""
_INPUT, _OUTPUT = 0, 1


def main() -> None:
    """Follow the log until standard input ends; its first line is ``Orders`` as JSON, each later byte wakes."""
    orders = msgspec.json.decode(_first_line(), type=Orders)
    _step_back()
    logs.configure(orders.log_level, orders.log_format)
    data = Path(orders.data)
    engine = engine_at(orders.database, data)
    indexer = Indexer(engine, open_store(engine, data, orders.database))
    try:
        _follow(indexer)
    except Exception as fault:  # whatever it is: the server starts another process in a while
        _log.error("the search index cannot be kept: %s: %s", type(fault).__name__, fault)
        sys.exit(1)
    finally:
        indexer.close()


def _follow(indexer: Indexer) -> None:
    is_all = False
    while _is_wanted(_LOOK_SECONDS if is_all else 0.0):
        position, is_all = indexer.step()
        with contextlib.suppress(BrokenPipeError):
            os.write(_OUTPUT, b"%d\n" % position)


def _step_back() -> None:
    """Let everybody else go first. A terminal that ends the server reaches this process too: it ends with the server,
    not before.
    """
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    os.umask(0o077)
    os.setpriority(os.PRIO_PROCESS, 0, _LEAST_PRIORITY)
    allowed = resource.getrlimit(resource.RLIMIT_AS)[1]
    most = _MOST_MEMORY if allowed == resource.RLIM_INFINITY else min(_MOST_MEMORY, allowed)
    resource.setrlimit(resource.RLIMIT_AS, (most, allowed))


def _is_wanted(seconds: float) -> bool:
    """Wait for news or for the time to pass; False when the server is gone."""
    readable, _, _ = select.select([_INPUT], [], [], seconds)
    return not readable or bool(os.read(_INPUT, 4096))


def _first_line() -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(_INPUT, 1)
        if not byte:
            sys.exit(0)
        line += byte
    return line
