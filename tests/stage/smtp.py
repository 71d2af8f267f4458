"""Real SMTP servers on loopback: one that works (aiosmtpd), and ones that fail in every way that servers do."""

import asyncio
import email
import socket
import ssl
import threading
import warnings
from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, Literal

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.stage.certificates import Paper, foreign_authority, foreign_leaf

USER, SECRET = "veche", "the mail server's own secret"
PATIENCE = 60.0
Security = Literal["starttls", "tls", "none"]


class Papers:
    """An authority with a certificate for loopback, as files in a folder."""

    def __init__(self, folder: Path, names: tuple[str, ...] = ("127.0.0.1", "localhost")) -> None:
        authority = foreign_authority("Mail")
        leaf = foreign_leaf(authority, names)
        self.authority = _written(folder / "authority.pem", authority.pem)
        self.certificate = _written(folder / "mail.crt", leaf.pem)
        self.key = _key_of(folder / "mail.key", leaf)

    def context(self) -> ssl.SSLContext:
        """Return what the mail server shows."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(self.certificate, self.key)
        return made


class Mailbox:
    """A mail server that works. ``answers`` are given in turn instead of taking a letter.

    Its port is its own from the beginning; until it is started, whoever calls there is refused.
    """

    def __init__(self, security: Security = "none", papers: Papers | None = None, *, asks: bool = False) -> None:
        self.letters: list[EmailMessage] = []
        self.envelopes: list[Envelope] = []
        self.answers: list[str] = []
        self.recipients: list[str] = []
        bound = socket.socket()
        bound.bind(("127.0.0.1", 0))
        self.port: int = bound.getsockname()[1]
        self._more = threading.Condition()
        self._asks = asks
        self._context = papers.context() if papers else None
        self._security = security
        self._controller = _Controller(self, bound, **self._options())

    def start(self) -> "Mailbox":
        """Listen."""
        self._controller.start()
        return self

    def stop(self) -> None:
        """Listen no more; what was taken stays."""
        self._controller.stop()

    async def handle_RCPT(  # noqa: N802  # the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient, or answer as is to be answered."""
        if self.recipients:
            return self.recipients.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a letter, or answer as is to be answered."""
        if self.answers:
            return self.answers.pop(0)
        assert isinstance(envelope.content, bytes)
        with self._more:
            self.envelopes.append(envelope)
            self.letters.append(email.message_from_bytes(envelope.content, policy=default))
            self._more.notify_all()
        return "250 taken"

    async def received(self, count: int) -> list[EmailMessage]:
        """Wait for so many letters; fail where there are more."""
        await asyncio.to_thread(self._wait, count)
        assert len(self.letters) == count, [letter["subject"] for letter in self.letters]
        return self.letters

    def connect(self) -> SMTP:
        """Return what speaks to one client. That it lets people sign in without TLS is what some tests are about."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            return self._made()

    def _made(self) -> SMTP:
        return SMTP(
            self,
            hostname="mail.veche.test",
            tls_context=self._context if self._security == "starttls" else None,
            require_starttls=self._security == "starttls",
            authenticator=_identify,
            auth_required=self._asks,
            auth_require_tls=self._security == "starttls",
            enable_SMTPUTF8=False,
        )

    def _wait(self, count: int) -> None:
        with self._more:
            self._more.wait_for(lambda: len(self.letters) >= count, PATIENCE)

    def _options(self) -> dict[str, Any]:
        return {"ssl_context": self._context} if self._security == "tls" else {}


class _Controller(Controller):
    def __init__(self, box: Mailbox, bound: socket.socket, **more: Any) -> None:
        super().__init__(box, hostname="127.0.0.1", port=box.port, **more)
        self._box = box
        self._bound = bound

    def factory(self) -> SMTP:
        return self._box.connect()

    def _create_server(self) -> Awaitable[asyncio.AbstractServer]:
        return self.loop.create_server(self._factory_invoker, sock=self._bound, ssl=self.ssl_context)


def _identify(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    is_it = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), SECRET.encode())
    return AuthResult(success=is_it, handled=is_it)


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def _key_of(path: Path, paper: Paper) -> Path:
    return _written(path, paper.key_pem())


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Peer:
    """A server of the test's own making, for ``async with``: ``talk`` says all that it does with a connection."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self.port = 0
        self.connected = asyncio.Event()
        self._going: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> "Peer":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *fault: object) -> None:
        self._server.close()
        for task in self._going:
            task.cancel()
        if self._going:
            await asyncio.wait(self._going)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connected.set()
        task = asyncio.current_task()
        assert task is not None
        self._going.add(task)
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return
        finally:
            self._going.discard(task)
            writer.transport.abort()


def says(*answers: bytes, then: Talk | None = None) -> Talk:
    """A peer that greets with the first answer and gives one to each line; at last it does something, or hangs up."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number, answer in enumerate(answers):
            if number:
                await reader.readuntil(b"\n")
            writer.write(answer)
            await writer.drain()
        if then is not None:
            await then(reader, writer)

    return talk


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read, and say nothing."""
    while await reader.read(65_536):
        pass


async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say something without an end."""
    while True:
        writer.write(b"250-" + b"x" * 60_000 + b"\r\n")
        await writer.drain()


async def one_long_line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say something that never becomes a line."""
    while True:
        writer.write(b"x" * 60_000)
        await writer.drain()
