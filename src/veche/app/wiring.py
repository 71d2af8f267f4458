"""Wiring: from settings to a running server. Everything is made here and handed down; nothing is looked up."""

import asyncio
import contextlib
import math
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from veche.api.http.contract import Door
from veche.api.http.door import Application
from veche.api.table import ENDPOINTS
from veche.app.chance import Chance
from veche.app.errands import Errands
from veche.app.parts import REAL, HashingPool, Parts
from veche.app.passwords import common_passwords
from veche.app.settings import Values, server_name
from veche.app.upkeep import jobs, keep_doing
from veche.commands.context import Context, Outside
from veche.domain.ids import Position
from veche.domain.settings import Limits
from veche.live.account_data import KnownFilters
from veche.live.deadlines import Deadlines
from veche.live.encryption import EmptyInboxes, KeyCounts
from veche.live.fragments import Fragments
from veche.live.notifications import KnownCounts
from veche.live.notifier import Notifier
from veche.live.presence import Presence
from veche.live.rates import Rate, Rates
from veche.live.sessions import KnownSessions
from veche.live.state import Live
from veche.live.tail import Tail
from veche.live.typing import Typing
from veche.queries.context import ReadContext
from veche.storage import accounts
from veche.storage.engines import Engine
from veche.storage.reader import Reader, Snapshot
from veche.storage.schema import migrate
from veche.storage.writer import Writer

RATES = {
    "register": Rate(0.2, 10),
    "sign in": Rate(0.5, 20),
    "read": Rate(50, 400),
    "write": Rate(20, 200),
    "send": Rate(20, 200),
}


class Running(msgspec.Struct, frozen=True):
    """A server whose parts are made: start it, serve ``application``, stop it."""

    engine: Engine
    writer: Writer
    reader: Reader
    live: Live
    commands: Context
    queries: ReadContext
    application: Application
    hashing: HashingPool
    errands: Errands
    tasks: list["asyncio.Task[None]"]

    async def start(self) -> None:
        """Start the writer, the readers and the housekeeping."""
        self.writer.start()
        self.reader.start()
        self.tasks.extend(asyncio.create_task(keep_doing(job)) for job in jobs(self.commands))

    async def stop(self) -> None:
        """Answer the long polls, commit what waits, close everything."""
        self.live.notifier.close()
        for task in self.tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self.errands.close()
        await self.writer.close()
        await self.reader.close()
        self.hashing.close()
        self.engine.close()


def build(values: Values, data: Path, parts: Parts = REAL) -> Running:
    """Make every part of the server.

    Raises ``StorageFault`` where the database cannot be used, ``BadSetting`` for another server's name than its own.
    """
    engine = parts.open_engine(values, data)
    engine.claim()
    migrate(engine)
    head, fixed_name = _standing(engine)
    live = _live(head, values, parts.clock)
    limits = limits_of(values, server_name(values, fixed_name))
    writer, reader, hashing = parts.writer(engine, live.notifier.tell), Reader(engine), parts.hashing()
    commands = Context(writer, reader, live, Outside(hashing), parts.clock, Chance(), limits)
    queries = ReadContext(reader, live, parts.clock, limits)
    errands = Errands()
    application = Application(Door(commands, queries, errands.run), ENDPOINTS)
    return Running(engine, writer, reader, live, commands, queries, application, hashing, errands, [])


def limits_of(values: Values, name: str) -> Limits:
    """Return what commands and queries need of the settings; ``name`` is the server's."""
    return Limits(
        server_name=name,
        registration=values["registration"],
        user_name_pattern=values["user_name_pattern"],
        shortest_password=values["shortest_password"],
        longest_message=values["longest_message"],
        access_token_lifetime_ms=values["access_token_minutes"] * 60_000,
        public_address=values["public_address"],
        trusted_proxies=frozenset(values["trusted_proxies"].replace(",", " ").split()),
        common_passwords=common_passwords(values["shortest_password"]),
    )


def _standing(engine: Engine) -> tuple[Position, str | None]:
    """Return what the database knows already: the newest position and, once there is an account, the server's name."""
    connection = engine.connect(writes=False)
    snapshot = Snapshot(connection, math.inf)
    name = accounts.server_name(snapshot)
    connection.close()
    return snapshot.position, name


def _live(head: Position, values: Values, clock: Callable[[], int]) -> Live:
    tail = Tail(head)
    rates = Rates(RATES if values["rate_limits"] == "on" else {}, clock)
    return Live(
        boot=os.urandom(4).hex(),
        tail=tail,
        notifier=Notifier(tail),
        fragments=Fragments(),
        typing=Typing(clock),
        rates=rates,
        sessions=KnownSessions(),
        key_counts=KeyCounts(),
        inboxes=EmptyInboxes(),
        counts=KnownCounts(),
        presence=Presence(),
        filters=KnownFilters(),
        deadlines=Deadlines(),
    )
