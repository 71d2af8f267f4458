"""Wiring: from settings to a running server. Everything is made here and handed down; nothing is looked up."""

import asyncio
import contextlib
import ipaddress
import logging
import math
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from veche import __version__
from veche.api.http.contract import Door
from veche.api.http.door import Application
from veche.api.table import ENDPOINTS
from veche.app.chance import Chance
from veche.app.errands import Errands
from veche.app.https.certificates import Certificates
from veche.app.https.names import address_of
from veche.app.indexing.supervising import Indexing
from veche.app.parts import REAL, HashingPool, ImagingProcess, Parts, PushingPart
from veche.app.passwords import common_passwords
from veche.app.settings import BadSetting, Values, server_name
from veche.app.settings.calls import turn_secret, turn_uris
from veche.app.settings.discovery import support_contacts
from veche.app.settings.mail import mail_server
from veche.app.settings.notifications import authorities, push_gateways
from veche.app.upkeep import jobs, keep_doing
from veche.commands.context import Context, Home, Outside
from veche.domain.directory import may_be_default_rooms
from veche.domain.ids import Position
from veche.domain.presence import Known
from veche.domain.settings import Limits
from veche.live.account_data import KnownFilters
from veche.live.accounts import Digests, Letters
from veche.live.counter import Counter
from veche.live.deadlines import Deadlines
from veche.live.directory import People
from veche.live.encryption import EmptyInboxes, KeyCounts
from veche.live.fragments import Fragments
from veche.live.media import Media
from veche.live.notifications import KnownCounts, KnownPushers
from veche.live.notifier import Notifier
from veche.live.operation import Condition
from veche.live.presence import Presence
from veche.live.rates import Rate, Rates
from veche.live.sessions import KnownSessions
from veche.live.state import Live
from veche.live.tail import Tail
from veche.live.typing import Typing
from veche.queries.context import ReadContext
from veche.storage import accounts, directory, presence
from veche.storage.blobs import Blobs
from veche.storage.engines import Engine
from veche.storage.operation.work import clear_work
from veche.storage.reader import Reader, Snapshot
from veche.storage.schema import migrate
from veche.storage.search import SearchIndex, open_store
from veche.storage.writer import Writer
from veche.workers.following import Worker, follow
from veche.workers.notifications import Deliveries, push_worker

_log = logging.getLogger("veche.serving")
RATES = {
    "register": Rate(0.2, 10),
    "sign in": Rate(0.5, 20),
    "read": Rate(50, 400),
    "write": Rate(20, 200),
    "send": Rate(20, 200),
    "upload": Rate(5, 100),
    "search": Rate(5, 50),
    "report": Rate(0.1, 20),
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
    blobs: Blobs
    hashing: HashingPool
    imaging: ImagingProcess
    certificates: Certificates
    errands: Errands
    pushing: PushingPart
    deliveries: Deliveries
    indexing: Indexing
    workers: tuple[Worker, ...]
    tasks: list["asyncio.Task[None]"]

    async def start(self) -> None:
        """Start the writer, the readers and the housekeeping."""
        self.writer.start()
        self.reader.start()
        for job in jobs(self.commands, self.queries):
            self.tasks.append(asyncio.create_task(keep_doing(job), name=job.name))
        if self.commands.limits.push_gateways.allowed:
            self.tasks.append(asyncio.create_task(self.deliveries.run()))
        self.tasks.extend(asyncio.create_task(follow(self.commands, self.queries, one)) for one in self.workers)

    async def stop(self) -> None:
        """Answer the long polls, commit what waits, close everything."""
        self.live.notifier.close()
        for task in self.tasks:
            task.cancel()
        for fault in await asyncio.gather(*self.tasks, return_exceptions=True):
            if isinstance(fault, Exception):
                _log.error("a task of the server had failed", exc_info=fault)
        await self.live.condition.backups.stop()
        await self.errands.close()
        await self.writer.close()
        await self.reader.close()
        if self.queries.search is not None:
            self.queries.search.close()
        await self.pushing.close()
        self.hashing.close()
        await self.imaging.close()
        await self.blobs.close()
        await self.indexing.stop()
        self.engine.close()


def build(values: Values, data: Path, parts: Parts = REAL) -> Running:
    """Make every part of the server.

    Raises ``StorageFault`` where the database cannot be used, ``BadSetting`` for another server's name than its own.
    """
    clear_work(data)
    engine = parts.open_engine(values, data)
    engine.claim()
    migrate(engine)
    head, fixed_name, known, people = _standing(engine)
    live = _live(head, values, parts.clock, known, people)
    limits = limits_of(values, server_name(values, fixed_name))
    writer, reader, hashing = parts.writer(engine, live.notifier.tell), Reader(engine), parts.hashing()
    blobs, imaging = parts.open_blobs(values, data), parts.imaging()
    certificates = Certificates(values, data, limits.server_name, parts.clock, live.condition)
    pushing = parts.pushing(limits.push_gateways, f"Veche/{__version__}", lambda: authorities(values, data))
    mail = parts.mail(mail_server(values, limits.server_name))
    outside = Outside(hashing, imaging, certificates, mail, pushing, Home(data, __version__))
    commands = Context(writer, reader, blobs, live, outside, parts.clock, Chance(), limits)
    index = SearchIndex(open_store(engine, data, values["database"])) if values["search"] == "on" else None
    queries = ReadContext(reader, blobs, live, parts.clock, limits, index)
    errands, deliveries = Errands(), Deliveries(commands, queries, parts.patience)
    application = Application(Door(commands, queries, errands.run), ENDPOINTS)
    return Running(
        engine=engine,
        writer=writer,
        reader=reader,
        live=live,
        commands=commands,
        queries=queries,
        application=application,
        blobs=blobs,
        hashing=hashing,
        imaging=imaging,
        certificates=certificates,
        errands=errands,
        pushing=pushing,
        deliveries=deliveries,
        indexing=parts.indexing(values, data, live.tail),
        workers=workers_of(commands, queries, deliveries),
        tasks=[],
    )


def workers_of(ctx: Context, queries: ReadContext, deliveries: Deliveries) -> tuple[Worker, ...]:
    """Return the consumers of the log; where no gateway is allowed nobody looks for whom to push to."""
    return (push_worker(deliveries),) if ctx.limits.push_gateways.allowed else ()


def limits_of(values: Values, name: str) -> Limits:
    """Return what commands and queries need of the settings; ``name`` is the server's."""
    return Limits(
        server_name=name,
        registration=values["registration"],
        registration_requires_mail=values["registration_requires_mail"] == "on",
        sends_mail=values["mail_server"] != "",
        mail_language=values["mail_language"],
        mail_digest_ms=values["mail_digest_minutes"] * 60_000,
        user_name_pattern=values["user_name_pattern"],
        shortest_password=values["shortest_password"],
        longest_message=values["longest_message"],
        access_token_lifetime_ms=values["access_token_minutes"] * 60_000,
        default_rooms=_default_rooms(values, name),
        trust_port=_trust_port(values),
        public_address=values["public_address"],
        trusted_proxies=frozenset(values["trusted_proxies"].replace(",", " ").split()),
        common_passwords=common_passwords(),
        sign_in_history_days=values["sign_in_history_days"],
        admin_contact=values["admin_contact"],
        people_directory=values["people_directory"],
        public_rooms_without_token=values["public_rooms_without_token"] == "on",
        login_tokens=values["login_tokens"] == "on",
        turn_uris=turn_uris(values),
        turn_secret=turn_secret(values),
        turn_lifetime_ms=values["turn_lifetime"] * 1000,
        support_contacts=support_contacts(values),
        support_page=values["support_page"],
        policy_server_key=values["policy_server_key"],
        largest_upload=values["largest_upload"],
        quota_per_person=values["quota_per_person"],
        quota_of_server=values["quota_of_server"],
        pending_upload_ms=values["pending_upload_hours"] * 3_600_000,
        pending_uploads=values["pending_uploads"],
        backup_folder=values["backup_folder"],
        backup_hour=values["backup_hour"],
        backup_copies=values["backup_copies"],
        backup_passphrase_file=values["backup_passphrase_file"],
        push_gateways=push_gateways(values),
        badge_counts_rooms=values["push_badge"] == "rooms",
    )


def _trust_port(values: Values) -> int:
    """Return the port of the page about the certificate; 0 where plain HTTP is spoken, or nobody can listen anyway."""
    with contextlib.suppress(OSError):
        if values["tls"] == "on" or not ipaddress.ip_address(address_of(values["host"])).is_loopback:
            return int(values["trust_port"])
    return 0


def _default_rooms(values: Values, name: str) -> tuple[str, ...]:
    names = tuple(filter(None, map(str.strip, values["default_rooms"].split(","))))
    refusal = may_be_default_rooms(names, name)
    if refusal is not None:
        raise BadSetting(f"default_rooms: {refusal.text}")
    return names


def _standing(engine: Engine) -> tuple[Position, str | None, list[Known], People]:
    """Return what the database knows already: the newest position, once there is an account the server's name, and
    what memory begins with of people.
    """
    connection = engine.connect(writes=False)
    snapshot = Snapshot(connection, math.inf)
    name, known = accounts.server_name(snapshot), presence.everybody(snapshot)
    people = People(directory.everybody(snapshot))
    connection.close()
    return snapshot.position, name, known, people


def _live(head: Position, values: Values, clock: Callable[[], int], known: list[Known], people: People) -> Live:
    tail, counter = Tail(head), Counter()
    rates = Rates(RATES if values["rate_limits"] == "on" else {}, clock)
    return Live(
        boot=os.urandom(4).hex(),
        tail=tail,
        counter=counter,
        notifier=Notifier(tail, counter),
        fragments=Fragments(),
        typing=Typing(clock, counter),
        rates=rates,
        sessions=KnownSessions(),
        key_counts=KeyCounts(),
        inboxes=EmptyInboxes(),
        counts=KnownCounts(),
        pushers=KnownPushers(),
        people=people,
        presence=Presence(
            clock, counter, values["idle_minutes"] * 60_000, is_on=values["presence"] == "on", known=known
        ),
        filters=KnownFilters(),
        deadlines=Deadlines(),
        media=Media(),
        condition=Condition(),
        letters=Letters(),
        digests=Digests(),
    )
