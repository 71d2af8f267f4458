"""The relay for calls."""

from pathlib import Path

import pytest

from tests.cast import ANNA, ELENA
from tests.stage.world import World
from veche.app.settings import BadSetting, defaults
from veche.app.settings.calls import turn_secret

URIS = "turn:relay.test:3478?transport=udp, turns:relay.test:5349"


async def test_without_a_relay_there_is_nothing_to_tell(world: World) -> None:
    anna = await world.person(ANNA)
    assert (await anna.get("/voip/turnServer")).ok() == {}


@pytest.mark.settings(turn_uris=URIS, turn_secret="of the relay", turn_lifetime=600)
async def test_a_relay_lets_in_whoever_bears_its_pass(world: World) -> None:
    anna = await world.person(ANNA)
    elena = await world.person(ELENA, role="administrator")
    found = (await anna.get("/voip/turnServer")).ok()
    assert found.keys() == {"username", "password", "uris", "ttl"}
    assert found["uris"] == ["turn:relay.test:3478?transport=udp", "turns:relay.test:5349"]
    ends, _, user = found["username"].partition(":")
    assert (user, found["ttl"]) == (anna.user, 600)
    assert 0 <= int(ends) * 1000 - (world.clock() + 599_000) <= 1_000
    (await elena.put(f"/_matrix/client/v1/admin/suspend/{anna.user}", {"suspended": True})).ok()
    (await anna.get("/voip/turnServer")).refused(403, "M_USER_SUSPENDED")


def test_the_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("in the file\nnot this\n")
    values = defaults() | {"turn_uris": URIS}
    assert turn_secret(values | {"turn_secret_file": str(file)}) == "in the file"
    assert turn_secret(values | {"turn_secret": "here"}) == "here"
    assert turn_secret(defaults() | {"turn_secret_file": "/nowhere"}) == ""
    for wrong in ({}, {"turn_secret_file": "/nowhere"}):
        with pytest.raises(BadSetting, match="turn_"):
            turn_secret(values | wrong)
