"""Profiles: setting and removing fields, on both engines."""

from typing import Any

import pytest

from tests.stage.world import World
from veche.commands import profiles as commands
from veche.domain.refusals import Refused
from veche.queries import profiles as queries


@pytest.mark.parametrize("value", ["text", "", None, 0, [1, {"a": None}], {"deep": {"er": "ж\x00"}}])
async def test_a_field_comes_back_as_it_was_given(world: World, value: Any) -> None:
    anna = await world.person("anna")
    for _ in range(2):
        await commands.set_field(world.commands, anna.asker, anna.user, "org.example.x", value)
    assert await queries.field(world.queries, anna.asker, anna.user, "org.example.x") == {"org.example.x": value}
    await commands.delete_field(world.commands, anna.asker, anna.user, "org.example.x")
    assert await queries.profile(world.queries, anna.asker, anna.user) == {}


async def test_what_is_refused_changes_nothing(world: World) -> None:
    anna, boris = await world.people("anna", "boris")
    await commands.set_field(world.commands, anna.asker, anna.user, "displayname", "Anna")
    for asker, key, value in (
        (boris.asker, "displayname", "x"),
        (anna.asker, "displayname", 5),
        (anna.asker, "nodots", "x"),
        (anna.asker, "a.b", "x" * 65_536),
    ):
        with pytest.raises(Refused):
            await commands.set_field(world.commands, asker, anna.user, key, value)
    with pytest.raises(Refused):
        await commands.delete_field(world.commands, boris.asker, anna.user, "displayname")
    assert await queries.profile(world.queries, boris.asker, anna.user) == {"displayname": "Anna"}


async def test_a_room_that_lets_nobody_in_keeps_the_old_name_and_no_other_does(world: World) -> None:
    anna = await world.person("anna")
    closed, usual = [(await anna.post("/createRoom", {})).ok()["room_id"] for _ in range(2)]
    (await anna.put(f"/rooms/{closed}/state/m.room.join_rules", {"join_rule": "private"})).ok()
    await commands.set_field(world.commands, anna.asker, anna.user, "displayname", "Anna")
    path = f"state/m.room.member/{anna.user}"
    assert (await anna.get(f"/rooms/{usual}/{path}")).ok()["displayname"] == "Anna"
    assert "displayname" not in (await anna.get(f"/rooms/{closed}/{path}")).ok()
