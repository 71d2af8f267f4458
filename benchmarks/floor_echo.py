"""The empty floor of files: a raw ASGI application under uvicorn that sends back what it is sent, or keeps one way."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

PART = bytes(2**18)
END: Message = {"type": "http.response.body", "body": b""}


async def app(scope: Message, receive: Receive, send: Send) -> None:
    """ASGI entry: `/echo` sends a body back while it comes, `/sink` takes it, `/source?<n>` sends n bytes."""
    if scope["path"] == "/source":
        length = int(scope["query_string"])
        await send(_start(length))
        for _ in range(length // len(PART)):
            await send({"type": "http.response.body", "body": PART, "more_body": True})
        await send(END)
        return
    echoes = scope["path"] == "/echo"
    length = int(dict(scope["headers"]).get(b"content-length", b"0")) if echoes else 0
    if echoes:
        await send(_start(length))
    while (message := await receive())["type"] == "http.request":
        if echoes and message["body"]:
            await send({"type": "http.response.body", "body": message["body"], "more_body": True})
        if not message.get("more_body", False):
            break
    if not echoes:
        await send(_start(0))
    await send(END)


def _start(length: int) -> Message:
    return {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % length)]}
