"""The parts of a server that differ between the real one and one under test: clock, hashing, images, writer, database,
files."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

import msgspec

from veche.app.engines import engine_at
from veche.app.indexing.records import Orders
from veche.app.indexing.supervising import Indexing, NoIndexing, Supervisor
from veche.app.settings import Values
from veche.app.stores import open_blobs
from veche.commands.context import Hashing, Imaging, Mail, Pushing
from veche.domain.notifications.gateways import Gateways
from veche.integrations.gateways import PushGateways
from veche.integrations.hashing import Argon2
from veche.integrations.imaging.jobs import Imaging as ImagingJobs
from veche.integrations.mail.absent import NoMail
from veche.integrations.mail.records import MailServer
from veche.integrations.outgoing import Outgoing
from veche.live.tail import Tail
from veche.storage.blobs import Blobs
from veche.storage.engines import Engine
from veche.storage.writer import Tell, Writer
from veche.workers.notifications import Patience


class HashingPool(Hashing, Protocol):
    """Hashing that can be ended."""

    def close(self) -> None:
        """End it."""


def now_ms() -> int:
    """Return the time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def open_engine(values: Values, data: Path) -> Engine:
    """Return the engine that the settings name."""
    return engine_at(values["database"], data)


def keep_index(values: Values, data: Path, tail: Tail) -> Indexing:
    """Return who keeps the search index, if the settings want one: a process of its own."""
    if values["search"] == "off":
        return NoIndexing()
    orders = Orders(str(data.absolute()), values["database"], values["log_level"], values["log_format"])
    return Supervisor(orders, tail)


def open_mail(server: MailServer | None) -> Mail:
    """Return what sends letters by the server that the settings name; the library is loaded only when it is needed."""
    if server is None:
        return NoMail()
    from veche.integrations.mail.smtp import Smtp

    return Smtp(server)


class ImagingProcess(Imaging, Protocol):
    """Imaging that can be ended."""

    async def close(self) -> None:
        """End it."""


class PushingPart(Pushing, Protocol):
    """Pushing that can be ended."""

    async def close(self) -> None:
        """End it."""


def open_pushing(gateways: Gateways, agent: str, authorities: Callable[[], Iterable[Path]]) -> PushingPart:
    """Return what calls push gateways; ``authorities`` names files of certificates to trust beside the system's."""
    return PushGateways(gateways, Outgoing(gateways.networks, agent, authorities))


class Parts(msgspec.Struct, frozen=True):
    """What makes each of them."""

    clock: Callable[[], int] = now_ms
    hashing: Callable[[], HashingPool] = Argon2
    writer: Callable[[Engine, Tell], Writer] = Writer
    open_engine: Callable[[Values, Path], Engine] = open_engine
    open_blobs: Callable[[Values, Path], Blobs] = open_blobs
    imaging: Callable[[], ImagingProcess] = ImagingJobs
    indexing: Callable[[Values, Path, Tail], Indexing] = keep_index
    mail: Callable[[MailServer | None], Mail] = open_mail
    pushing: Callable[[Gateways, str, Callable[[], Iterable[Path]]], PushingPart] = open_pushing
    patience: Patience = Patience()


REAL = Parts()
