"""The empty floor: the same long poll as a raw ASGI application under uvicorn (httptools, uvloop). No framework."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, ClassVar

Message = MutableMapping[str, Any]

START: Message = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", b"2")],
}
BODY: Message = {"type": "http.response.body", "body": b"{}"}


class Held:
    """The polls that wait, and the tell that waits for enough of them."""

    polls: ClassVar[list[asyncio.Future[None]]] = []
    teller: ClassVar[asyncio.Future[None] | None] = None
    wanted: ClassVar[int] = 0


async def app(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """ASGI entry: `/poll` waits for the next `/tell?<n>`, which waits until n polls are held."""
    if scope["path"] == "/poll":
        poll: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        Held.polls.append(poll)
        _tell_if_enough()
        await poll
    elif scope["path"] == "/tell":
        Held.teller, Held.wanted = asyncio.get_running_loop().create_future(), int(scope["query_string"])
        told = Held.teller
        _tell_if_enough()
        await told
    await send(START)
    await send(BODY)


def _tell_if_enough() -> None:
    if Held.teller is None or len(Held.polls) < Held.wanted:
        return
    polls, Held.polls = Held.polls, []
    for poll in polls:
        poll.set_result(None)
    Held.teller.set_result(None)
    Held.teller = None
