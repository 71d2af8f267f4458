"""Other networks: there are none."""

from tests.cast import ANNA
from tests.stage.world import World


async def test_nobody_is_known_from_another_network(world: World) -> None:
    anna = await world.person(ANNA)
    assert (await anna.get("/thirdparty/protocols")).ok() == {}
    (await anna.get("/thirdparty/protocol/irc")).refused(404, "M_NOT_FOUND")
    for path in ("location/irc", "user/irc"):
        assert (await anna.get(f"/thirdparty/{path}", channel="#veche")).ok() == []
    assert (await anna.get("/thirdparty/location", alias="#lobby:veche.test")).ok() == []
    assert (await anna.get("/thirdparty/user", userid=anna.user)).ok() == []
    for path in ("location", "user"):
        (await anna.get(f"/thirdparty/{path}")).refused(400, "M_MISSING_PARAM")
