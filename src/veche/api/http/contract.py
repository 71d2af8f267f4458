"""The contract at the door: one declaration per endpoint, from which router, documents and tests are made.

The fields of a request record say where their values come from: those named in the path come from the path,
``body`` is the decoded JSON body, ``stream`` the body as it comes, ``request`` the bare request, and all others are
query parameters.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any, Literal, Protocol

import msgspec

from veche.commands.context import Context
from veche.domain.ids import DeviceId, UserId
from veche.domain.refusals import Refusal
from veche.domain.sessions import Asker, Origin, origin_of
from veche.domain.settings import Limits
from veche.queries.context import ReadContext

Caller = Literal["public", "user", "administrator"]
RateClass = Literal["none", "read", "write", "send", "search", "sync", "upload", "sign in", "register", "report"]

NOBODY = Asker(UserId(""), DeviceId(""))
"""The asker of a public endpoint that was called without a token."""


class Door(msgspec.Struct, frozen=True):
    """What endpoints work with: the contexts of commands and of queries.

    ``soon`` carries out a command whose end no request waits for; its owner ends what is left when the server stops.
    """

    commands: Context
    queries: ReadContext
    soon: Callable[[Coroutine[Any, Any, None]], None]


class RequestFacts(msgspec.Struct, frozen=True):
    """What some endpoints need to know of the request beyond its parameters.

    ``address`` and ``port`` are the client's (port 0 where a proxy hides it); ``is_secure`` says that it came by HTTPS.
    """

    address: str
    user_agent: str
    host: str
    token: str | None
    headers: list[tuple[bytes, bytes]] = []
    port: int = 0
    is_secure: bool = False

    def origin(self) -> Origin:
        """Return from where the request came, as it is kept."""
        return origin_of(self.address, self.port, self.user_agent)

    def header(self, name: bytes) -> str | None:
        """Return the last header of that name, which is written in small letters; None where there is none."""
        for known, value in reversed(self.headers):
            if known == name:
                return value.decode("latin-1")
        return None

    def wants_page(self) -> bool:
        """Say whether a browser shows the reply to somebody."""
        return "text/html" in (self.header(b"accept") or "")


class BodyStream(Protocol):
    """A body that is read by the endpoint itself, part by part, as the client sends it."""

    @property
    def length(self) -> int | None:
        """How many bytes the client says that it sends; None where it does not say."""

    @property
    def content_type(self) -> str:
        """What the client says that it sends; empty where it does not say."""

    def parts(self) -> AsyncIterator[bytes]:
        """Return what comes, once. Raises ``Disconnected`` where the client goes away before the end."""


class Empty(msgspec.Struct, frozen=True):
    """A request without parameters, or the reply ``{}``."""


class Reply(msgspec.Struct, frozen=True):
    """A reply that is not a JSON object with status 200."""

    body: bytes
    status: int = 200
    content_type: bytes = b"application/json"
    headers: tuple[tuple[bytes, bytes], ...] = ()


class StreamedReply(msgspec.Struct, frozen=True):
    """A reply of ``length`` bytes that is read while it is sent, part by part.

    Where ``parts`` fails on the way the connection is cut: what was promised cannot be taken back.
    """

    parts: AsyncGenerator[bytes, None]
    length: int
    status: int = 200
    content_type: bytes = b"application/octet-stream"
    headers: tuple[tuple[bytes, bytes], ...] = ()


Json = dict[str, Any]
Serve = Callable[[Door, Asker, Any], Awaitable[Any]]
ShowRefusal = Callable[[Refusal, RequestFacts, bytes], Reply]
"""Makes a page of a refusal, for a request with these facts and this query."""


class Endpoint(msgspec.Struct, frozen=True):
    """One endpoint. ``path`` has ``{name}`` for its parameters; ``aliases`` are older paths that mean the same.

    ``response`` is the record that ``serve`` returns, ``Reply`` or ``msgspec.Raw`` for ready bytes,
    or ``StreamedReply``.
    ``body_optional`` lets clients send no body at all; ``public`` endpoints may still be told who asks.
    ``locked_too`` lets those in whose account is locked: they may sign out.
    ``opens_to_all`` says whether the settings make a ``user`` endpoint public.
    ``hides_path`` keeps the path out of the log, as it holds a secret; what is declared stands there instead.
    ``refusal_page`` shows to browsers what the door refuses, where the endpoint is a page.
    """

    method: str
    path: str
    caller: Caller
    rate: RateClass
    request: type[Any]
    response: Any
    serve: Serve
    aliases: tuple[str, ...] = ()
    body_optional: bool = False
    locked_too: bool = False
    opens_to_all: Callable[[Limits], bool] = lambda limits: False
    hides_path: bool = False
    refusal_page: ShowRefusal | None = None
