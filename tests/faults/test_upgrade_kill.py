"""kill -9 in the middle of upgrading a room: no tombstone without a whole replacement, and asking again ends it."""

import asyncio
import contextlib
import random
from typing import Any

import aiohttp
import pytest

from tests.cast import ANNA, BORIS, SERVER
from tests.effort import effort
from tests.stage.people import Person
from tests.stage.rooms import found
from tests.stage.server import Server
from tests.stage.sockets import RealTown
from veche.commands.rooms.upgrading import COPIED_AT_ONCE
from veche.domain.ids import RoomId

BANS = 12 * COPIED_AT_ONCE
AT_ONCE = 50
LONGEST_SECONDS = 0.4
VERSIONS = ("10", "11", "12")

only_sqlite = pytest.mark.parametrize("engine_name", ["sqlite"])


@only_sqlite
async def test_an_upgrade_is_whole_or_has_not_happened(server: Server) -> None:
    kills = effort("upgrade_kills")
    chance = random.Random(kills)
    async with aiohttp.ClientSession() as session:
        town = RealTown(server, session)
        anna, boris = await town.people(ANNA, BORIS)
        room = await found(anna, preset="public_chat", room_alias_name="hall")
        await ban_many(anna, room)
        interrupted = 0
        for number in range(kills):
            seconds = chance.uniform(0, LONGEST_SECONDS) if number else 0
            await upgrade_and_kill(town, anna, room, VERSIONS[number % 3], seconds)
            interrupted += bool(await begun(anna))
            room = await look(anna, boris, room) or room
        assert interrupted, "no kill came in the middle of an upgrade"
        answer = await anna.post(f"/rooms/{room}/upgrade", {"new_version": "12"})
        assert await look(anna, boris, room) == answer.ok()["replacement_room"]


async def ban_many(anna: Person, room: RoomId) -> None:
    """Ban many people who never came."""
    users = [f"@spammer{number}:{SERVER}" for number in range(BANS)]
    for first in range(0, BANS, AT_ONCE):
        some = users[first : first + AT_ONCE]
        for answer in await asyncio.gather(*(anna.post(f"/rooms/{room}/ban", {"user_id": user}) for user in some)):
            answer.ok()


async def upgrade_and_kill(town: RealTown, anna: Person, room: RoomId, version: str, seconds: float) -> None:
    """Ask for an upgrade, and kill the server so long after a replacement shows."""
    asked = anna.begin("POST", f"/rooms/{room}/upgrade", {"new_version": version})
    while asked.is_waiting and not await begun(anna):
        pass
    await asyncio.sleep(seconds)
    await asyncio.to_thread(town.server.kill)
    with contextlib.suppress(aiohttp.ClientError):
        await asked.answer()
    await asyncio.to_thread(town.server.start)


async def begun(anna: Person) -> list[str]:
    """Return the replacements that were begun and not finished: nobody may join them yet."""
    joined = (await anna.get("/joined_rooms")).ok()["joined_rooms"]
    return [room for room in joined if (await anna.get(f"/rooms/{room}/state/m.room.join_rules")).status == 404]


async def look(anna: Person, boris: Person, room: RoomId) -> RoomId | None:
    """Return where the tombstone leads: to a room with every ban; without one, nothing is open and names lead here."""
    stone = await anna.get(f"/rooms/{room}/state/m.room.tombstone")
    leads_to = stone.ok()["replacement_room"] if stone.status == 200 else None
    named = (await anna.get(f"/directory/room/%23hall:{SERVER}")).ok()["room_id"]
    assert named == (leads_to or room)
    for joined in (await anna.get("/joined_rooms")).ok()["joined_rooms"]:
        state = await contents(anna, joined)
        bans = sum(content.get("membership") == "ban" for content in state.values())
        if ("m.room.join_rules", "") in state:
            assert bans == BANS
        else:
            (await boris.post(f"/join/{joined}")).refused(403, "M_FORBIDDEN")
    return None if leads_to is None else RoomId(leads_to)


async def contents(person: Person, room: str) -> dict[tuple[str, str], dict[str, Any]]:
    """What a room's state says."""
    return {(one["type"], one["state_key"]): one["content"] for one in (await person.get(f"/rooms/{room}/state")).ok()}
