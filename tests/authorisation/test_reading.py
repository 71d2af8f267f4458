"""Whoever tries everything is told exactly what they may know of every room: nothing more, and nothing less."""

import json
from typing import Any

import pytest

from tests.authorisation.askers import CAST, JOINED, LEFT, MEMBER, STRANGER
from tests.authorisation.histories import AUDIENCES
from tests.authorisation.reading import Reader
from tests.authorisation.scene import Stage

V3 = "/_matrix/client/v3"


def said_in_rooms(stage: Stage, known_to: str | None = None) -> set[str]:
    """Return the names of the canaries that somebody may know (None: all) of what happened in rooms."""
    return {
        name
        for name, canary in stage.canaries.planted.items()
        if (known_to is None or known_to in canary.known_to) and name.startswith(tuple(f"{one}: " for one in AUDIENCES))
    }


@pytest.mark.parametrize("asker", CAST)
async def test_each_is_told_what_they_may_know(reading_room: Stage, asker: str) -> None:
    reader = Reader(reading_room, asker)
    await reader.read()
    assert reader.faults == []
    assert reader.leaks == {}
    assert reader.told & said_in_rooms(reading_room) == said_in_rooms(reading_room, asker)


@pytest.mark.parametrize("limit", [1, 10, 100])
@pytest.mark.parametrize("asker", sorted(JOINED))
async def test_members_are_told_the_whole_state_at_first(reading_room: Stage, asker: str, limit: int) -> None:
    shape = json.dumps({"room": {"timeline": {"limit": limit}}})
    joined = (await reading_room.ask(asker, "GET", f"{V3}/sync", query={"filter": shape})).ok()["rooms"]["join"]
    for room in reading_room.scene.rooms.values():
        told = joined[room].get("state", {}).get("events", []) + joined[room]["timeline"]["events"]
        present = (await reading_room.ask(asker, "GET", f"{V3}/rooms/{room}/state")).ok()
        assert pieces(told) == pieces(present)


def pieces(events: list[dict[str, Any]]) -> dict[tuple[str, str], str]:
    """Return the id of the last event for each piece of state."""
    return {(one["type"], one["state_key"]): one["event_id"] for one in events if "state_key" in one}


async def test_whoever_forgot_a_room_is_a_stranger_to_it(stage: Stage) -> None:
    for room in stage.scene.rooms.values():
        (await stage.ask(LEFT, "POST", f"{V3}/rooms/{room}/forget")).ok()
    reader = Reader(stage, LEFT)
    await reader.read()
    assert reader.faults == []
    own = {f"{visibility}: reason of the leaving" for visibility in AUDIENCES}  # told to one's other devices
    assert reader.told & said_in_rooms(stage) - own == said_in_rooms(stage, STRANGER) - own


async def test_whoever_has_just_left_is_no_member_any_more(stage: Stage) -> None:
    room = f"{V3}/rooms/{stage.scene.names['shared_room']}"
    (await stage.ask(MEMBER, "POST", f"{room}/leave")).ok()  # nothing has happened anywhere since then
    (await stage.ask(MEMBER, "GET", f"{room}/aliases")).refused(403, "M_FORBIDDEN")
    (await stage.ask(MEMBER, "GET", f"{room}/joined_members")).refused(403, "M_FORBIDDEN")
    assert "shared: after" in stage.canaries.told(await stage.ask(MEMBER, "GET", f"{room}/messages?dir=b&limit=100"))
