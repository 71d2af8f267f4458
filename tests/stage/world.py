"""A whole server inside the test's process, with a clock that can be moved, cheap hashing and named people."""

import secrets
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tests.cast import id_of
from tests.stage import asgi
from tests.stage.asgi import Exchange
from tests.stage.databases import DEFAULTS, Place, open_patiently
from tests.stage.gateways import HASTE, Recorder, concerns_pushers
from tests.stage.indexing import Follower
from tests.stage.mail import PostOffice
from tests.stage.people import CLIENT_API, Person, Town
from tests.stage.waiting import until
from veche.app import settings, wiring
from veche.app.indexing.supervising import NoIndexing
from veche.app.parts import Parts
from veche.commands.context import Context
from veche.domain.ids import DeviceId, UserId
from veche.domain.sessions import Asker, Role
from veche.queries.context import ReadContext
from veche.queries.sessions import digest_of
from veche.storage import accounts, devices, sessions
from veche.storage.engines import Engine
from veche.storage.writer import Transaction, Writer

OpenEngine = Callable[[settings.Values, Path], Engine]
__all__ = ["CLIENT_API", "CheapHashing", "Clock", "Person", "World"]

_SEARCHES = (f"{CLIENT_API}/search", "/_matrix/client/r0/search")


class Clock:
    """Real time, moved forward by ``advance``."""

    def __init__(self) -> None:
        self._ahead = 0

    def __call__(self) -> int:
        return time.time_ns() // 1_000_000 + self._ahead

    def advance(self, *, ms: int = 0, seconds: int = 0) -> None:
        """Let time pass."""
        self._ahead += ms + 1000 * seconds


class CheapHashing:
    """Stands in for argon2id where passwords are not the subject."""

    async def hash(self, password: str) -> str:
        return f"cheap:{password}"

    async def verify(self, hash: str | None, password: str) -> bool:
        return hash == f"cheap:{password}"

    def close(self) -> None:
        """Nothing is held."""


class World(Town):
    """A server in this process; started and stopped by its fixture.

    ``has_broken`` says that the real one would have ended its process. ``post`` has the letters that it sent, and
    ``gateways`` the pushes. No process keeps its search index: that is brought up to date before somebody searches, as
    long as it ``indexes``.
    """

    def __init__(self, place: Place, open_engine: OpenEngine = open_patiently, **values: str | int) -> None:
        self.place = place
        self.clock = Clock()
        self.has_broken = False
        self.indexes = True
        self.post = PostOffice()
        self.gateways = Recorder()
        self._open_engine = open_engine
        self._values = settings.defaults() | DEFAULTS | {"search": "on", "database": place.database} | values
        self._follower: Follower | None = None
        self.running = self._build()

    @property
    def commands(self) -> Context:
        """What commands are given."""
        return self.running.commands

    @property
    def queries(self) -> ReadContext:
        """What queries are given."""
        return self.running.queries

    async def start(self) -> None:
        """Start the writer, the readers and the housekeeping."""
        await self.running.start()

    async def stop(self) -> None:
        """Stop everything; what was acknowledged is on disk."""
        await self.running.stop()
        if self._follower is not None:
            self._follower.close()
            self._follower = None

    async def restart(self) -> None:
        """Stop, then begin again with empty memory on the same database."""
        await self.stop()
        self.running = self._build()
        await self.start()

    def begin(self, method: str, path: str, body: object = None, **more: Any) -> Exchange:
        """Send a request without waiting for its answer (see ``asgi.begin``)."""
        if path in _SEARCHES and self.indexes and self.queries.search is not None:
            self.index()
        return asgi.begin(self.running.application, method, path, body, **more)

    async def pushed(self, *, retries: bool = False) -> None:
        """Wait until everything that happened so far was pushed, as far as gateways take it at the first try.

        With ``retries`` until nothing waits to be tried again either.
        """
        deliveries, live = self.running.deliveries, self.commands.live
        await deliveries.begun.wait()

        def is_done() -> bool:
            if deliveries.busy or (retries and live.pushers.waiting):
                return False
            return not any(map(concerns_pushers, live.tail.since(deliveries.seen) or ()))

        await until(is_done)

    def index(self) -> None:
        """Bring the search index up to date."""
        self._follower = self._follower or Follower(self.place)
        self._follower.catch_up()

    async def person(self, name: str, *, role: Role = "user") -> Person:
        """Give somebody of the cast an account and a first device."""
        user = id_of(name)
        account = accounts.Account(user, f"cheap:{name}'s own password", role, self.clock())
        assert await self.commands.writer.run(lambda tx: accounts.add(tx, account)), f"{name} is here already"
        self.commands.live.people.put(user, None)
        return await self.device(user, name.upper(), role=role)

    async def device(self, user: UserId, device: str, *, role: Role = "user") -> Person:
        """Give a person who has an account one more device, and return the person on it."""
        token = secrets.token_urlsafe(18)

        def enter(tx: Transaction) -> None:
            devices.add(tx, user, DeviceId(device), device.lower(), self.clock())
            sessions.add_access(tx, digest_of(token), user, DeviceId(device), None, None)

        await self.commands.writer.run(enter)
        return Person(self, Asker(user, DeviceId(device), role, digest_of(token)), token)

    def _build(self) -> wiring.Running:
        parts = Parts(
            clock=self.clock,
            hashing=CheapHashing,
            writer=partial(Writer, broken=self._break),
            open_engine=self._open_engine,
            indexing=lambda values, data, tail: NoIndexing(),
            mail=self.post.open,
            pushing=self.gateways.open,
            patience=HASTE,
        )
        return wiring.build(self._values, self.place.data, parts)

    def _break(self) -> None:
        """Stands in for the end of the process after a failed fsync."""
        self.has_broken = True
