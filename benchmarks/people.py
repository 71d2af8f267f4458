"""Registers people and fills rooms through the plain Matrix API, a few requests at a time. Measures nothing."""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from typing import TypeVar
from urllib.parse import quote

import msgspec

from benchmarks.wire import Pool, request

T = TypeVar("T")
CLIENT = "/_matrix/client/v3"
PASSWORD = "quartz-lantern-8841-orchard"
LAZY = {"room": {"state": {"lazy_load_members": True}}}
LAZY_1000 = {"room": {"timeline": {"limit": 1000}, "state": {"lazy_load_members": True}}}
TOKEN_ONLY = {"room": {"timeline": {"limit": 1}, "state": {"lazy_load_members": True}}}


class Person(msgspec.Struct, frozen=True):
    """An account with one signed-in device."""

    user: str
    token: str


async def register(pool: Pool, count: int) -> list[Person]:
    """`count` accounts named p0, p1, …"""
    return await together(_register_one(pool, f"p{number}") for number in range(count))


async def make_room(pool: Pool, members: Sequence[Person]) -> str:
    """A public unencrypted room, created by the first of `members` and joined by the others."""
    creator, *others = members
    body = {"preset": "public_chat", "name": "Bench"}
    room: str = (await pool.call("POST", f"{CLIENT}/createRoom", creator.token, body))["room_id"]
    await together(join(pool, person, room) for person in others)
    return room


async def join(pool: Pool, person: Person, room: str) -> None:
    """One public join."""
    await pool.call("POST", f"{CLIENT}/rooms/{quote(room, safe='')}/join", person.token, {})


async def fill(pool: Pool, room: str, authors: Sequence[Person], count: int) -> None:
    """`count` messages in `room`, by `authors` in turn."""
    path = f"{CLIENT}/rooms/{quote(room, safe='')}/send/m.room.message"

    async def write(number: int) -> None:
        body = {"msgtype": "m.text", "body": f"message {number}: shall we meet at three in the small room?"}
        await pool.call("PUT", f"{path}/fill{number}", authors[number % len(authors)].token, body)

    await together(write(number) for number in range(count))


async def store_filter(pool: Pool, person: Person, wanted: object) -> str:
    """The id of a stored filter."""
    stored = await pool.call("POST", f"{CLIENT}/user/{quote(person.user, safe='')}/filter", person.token, wanted)
    return str(stored["filter_id"])


async def token_now(pool: Pool, person: Person, presence: str = "online") -> str:
    """`next_batch` of a first sync that carries as little as it may."""
    path = f"{sync_path(inline(TOKEN_ONLY))}&set_presence={presence}"
    return str((await pool.call("GET", path, person.token))["next_batch"])


def sync_path(chosen: str, since: str = "", timeout: int = 0) -> str:
    """The path of one /sync; `chosen` is a filter id or an inline filter, already quoted."""
    path = f"{CLIENT}/sync?filter={chosen}&timeout={timeout}"
    return f"{path}&since={quote(since, safe='')}" if since else path


def inline(wanted: object) -> str:
    """A filter as it stands in the address."""
    return quote(msgspec.json.encode(wanted), safe="")


async def together(work: Iterable[Awaitable[T]]) -> list[T]:
    """All of `work`; the pool decides how many at a time."""
    return list(await asyncio.gather(*work))


async def _register_one(pool: Pool, name: str) -> Person:
    body: dict[str, object] = {"username": name, "password": PASSWORD, "auth": {"type": "m.login.dummy"}}
    status, answer = await pool.fetch(request("POST", f"{CLIENT}/register", "", body))
    if status == 401:
        body["auth"] = {"type": "m.login.dummy", "session": msgspec.json.decode(answer)["session"]}
        made = await pool.call("POST", f"{CLIENT}/register", "", body)
    elif status == 200:
        made = msgspec.json.decode(answer)
    else:
        raise RuntimeError(f"register {name}: {status} {answer[:300]!r}")
    return Person(made["user_id"], made["access_token"])
