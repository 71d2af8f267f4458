"""Puts people with fresh accounts on a server for one test, brings them into a room, closes their clients after."""

import secrets
from contextlib import AsyncExitStack
from pathlib import Path

from tests.clients.js_client import JsClient
from tests.clients.nio_client import NioClient
from tests.clients.people import Account, Person
from tests.clients.views import until


class Stage:
    """One test's accounts and devices."""

    def __init__(self, base_url: str, folder: Path, authority: Path | None = None) -> None:
        self._base_url = base_url
        self._authority = authority
        self._folder = folder
        self._exits = AsyncExitStack()

    async def js(self, name: str) -> JsClient:
        """A new person with matrix-js-sdk."""
        client = await JsClient.register(self._account(name), self._place())
        self._exits.push_async_callback(client.close)
        return client

    async def js_again(self, account: Account, history: int = 20, token: str = "") -> JsClient:
        """A new device of a person who has an account; its first sync brings that many events of each room."""
        client = await JsClient.login(account, self._place(), history, token)
        self._exits.push_async_callback(client.close)
        return client

    async def nio(self, name: str) -> NioClient:
        """A new person with matrix-nio."""
        client = await NioClient.register(self._account(name), self._place())
        self._exits.push_async_callback(client.close)
        return client

    async def close(self) -> None:
        """Close every client, the newest first."""
        await self._exits.aclose()

    def _account(self, name: str) -> Account:
        return Account(self._base_url, f"{name}-{secrets.token_hex(4)}", secrets.token_urlsafe(18), self._authority)

    def _place(self) -> Path:
        folder = self._folder / secrets.token_hex(4)
        folder.mkdir()
        return folder


async def share_room(host: Person, guest: Person) -> str:
    """An encrypted room in which both are joined and know each other's devices."""
    room = await host.create_room(guest.user_id)
    await until_member(guest, room, guest.user_id, "invite")
    await guest.join(room)
    for person, other in ((host, guest), (guest, host)):
        await until_member(person, room, other.user_id, "join")
        await until_devices_known(person, other)
    return room


async def share_plain_room(host: Person, guest: Person) -> str:
    """A room without encryption in which both are joined."""
    room = await host.create_plain_room(guest.user_id)
    await until_member(guest, room, guest.user_id, "invite")
    await guest.join(room)
    for person, other in ((host, guest), (guest, host)):
        await until_member(person, room, other.user_id, "join")
    return room


async def until_member(person: Person, room: str, user: str, membership: str) -> None:
    """Wait until a person's device knows that a user has that membership."""
    expected = f"{person.user_id} knows {user} as {membership} in {room}"
    await until(lambda: person.membership(room, user), lambda known: known == membership, expected)


async def until_devices_known(person: Person, other: Person) -> None:
    """Wait until a person's device would encrypt for the device of another."""
    expected = f"{person.user_id} knows device {other.device_id} of {other.user_id}"
    await until(lambda: person.devices_of(other.user_id), lambda known: other.device_id in known, expected)
