"""matrix-nio's whole list of calls: each that asks a server something is answered as nio expects."""

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import nio
import pytest
from nio.api import RoomPreset
from nio.client.async_client import AsyncClient

from tests.clients.nio_calls import CHAPTERS, ELSEWHERE, LOCAL, Caller, public_calls
from tests.clients.people import Account
from tests.scenarios.test_cli import said
from tests.stage.server import Server


def account(url: str, name: str) -> Account:
    """Somebody new."""
    return Account(url, f"{name}-{secrets.token_hex(4)}", secrets.token_urlsafe(18))


@pytest.fixture
def exits(runner: asyncio.Runner) -> Iterator[AsyncExitStack]:
    """Closes what a test has opened."""
    made = AsyncExitStack()
    yield made
    runner.run(made.aclose())


async def test_every_call_is_answered(homeserver: str, exits: AsyncExitStack, tmp_path: Path) -> None:
    called: set[str] = set()
    people = []
    for name in ("anna", "boris"):
        (tmp_path / name).mkdir()
        person = Caller(account(homeserver, name), called, exits, tmp_path / name)
        await person.expect(nio.RegisterResponse, "register", person.account.name, person.account.password, "nio")
        people.append(person)
    anna, boris = people
    for chapter in CHAPTERS:
        wish = {"preset": RoomPreset.private_chat, "invite": [boris.user]}
        room = (await anna.expect(nio.RoomCreateResponse, "room_create", **wish)).room_id
        await boris.expect(nio.JoinResponse, "join", room)
        for person in people:
            await person.expect(nio.SyncResponse, "sync")
        await chapter(anna, boris, room)
    assert public_calls() == called | LOCAL.keys() | ELSEWHERE.keys(), "nio has calls that nobody has looked at"
    assert not called & (LOCAL.keys() | ELSEWHERE.keys())
    assert len(called) >= 70


@pytest.mark.settings(registration="token")
async def test_registering_with_a_token_makes_an_account_that_nio_does_not_notice(
    server: Server, exits: AsyncExitStack
) -> None:
    said("token", "add", "letter", "--data", str(server.place.data))
    client = AsyncClient(server.url, "carla")
    exits.push_async_callback(client.close)
    made = await client.register_with_token("carla", "a fairly long password", "letter")
    assert isinstance(made, nio.responses.RegisterErrorResponse), made
    assert isinstance(await client.login("a fairly long password"), nio.LoginResponse)
