"""The contract at the door: one declaration per endpoint, from which router, documents and tests are made.

The fields of a request record say where their values come from: those named in the path come from the path,
``body`` is the decoded JSON body, ``request`` the bare request, and all others are query parameters.
"""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Literal

import msgspec

from veche.commands.context import Context
from veche.domain.ids import DeviceId, UserId
from veche.domain.sessions import Asker
from veche.queries.context import ReadContext

Caller = Literal["public", "user", "administrator"]
RateClass = Literal["none", "read", "write", "send", "sync", "sign in", "register"]

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
    """What some endpoints need to know of the request beyond its parameters."""

    address: str
    user_agent: str
    host: str
    token: str | None


class Empty(msgspec.Struct, frozen=True):
    """A request without parameters, or the reply ``{}``."""


class Reply(msgspec.Struct, frozen=True):
    """A reply that is not a JSON object with status 200."""

    body: bytes
    status: int = 200
    content_type: bytes = b"application/json"
    headers: tuple[tuple[bytes, bytes], ...] = ()


Json = dict[str, Any]
Serve = Callable[[Door, Asker, Any], Awaitable[Any]]


class Endpoint(msgspec.Struct, frozen=True):
    """One endpoint. ``path`` has ``{name}`` for its parameters; ``aliases`` are older paths that mean the same.

    ``response`` is the record that ``serve`` returns, or ``Reply`` or ``msgspec.Raw`` for ready bytes.
    ``body_optional`` lets clients send no body at all; ``public`` endpoints may still be told who asks.
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
