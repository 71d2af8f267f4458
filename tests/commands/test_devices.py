"""Devices: naming and deleting them, on both engines."""

import pytest

from tests.stage.world import World
from veche.commands import devices as commands
from veche.domain.ids import DeviceId
from veche.domain.refusals import Refused
from veche.queries import devices as queries


async def test_a_device_is_renamed_and_deleted(world: World) -> None:
    anna = await world.person("anna")
    other = await world.device(anna.user, "OTHER")
    await commands.rename_device(world.commands, anna.asker, DeviceId("OTHER"), "Телефон")
    await commands.rename_device(world.commands, anna.asker, DeviceId("OTHER"), None)
    assert (await queries.own_device(world.queries, anna.asker, DeviceId("OTHER"))).display_name == "Телефон"
    proof = {"type": "m.login.password", "password": "anna's own password"}
    gone = [DeviceId("OTHER"), DeviceId("NONE"), DeviceId("\x00")]
    await commands.delete_devices(world.commands, anna.asker, gone, proof)
    assert [row.device_id for row in await queries.own_devices(world.queries, other.asker)] == ["ANNA"]


@pytest.mark.parametrize(("device", "status"), [("NONE", 404), ("BORIS", 404), ("\x00", 400)])
async def test_only_ones_own_devices_are_there(world: World, device: str, status: int) -> None:
    anna, _ = await world.people("anna", "boris")
    for work in (
        commands.rename_device(world.commands, anna.asker, DeviceId(device), "x"),
        queries.own_device(world.queries, anna.asker, DeviceId(device)),
    ):
        with pytest.raises(Refused) as refused:
            await work
        assert refused.value.refusal.status == status
