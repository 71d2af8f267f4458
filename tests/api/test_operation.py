"""What clients ask before anything else: versions, where the server is, what it can do; and whether it lives."""

from typing import Any

import pytest

from tests.cast import ANNA
from tests.stage.asgi import begin
from tests.stage.rooms import found
from tests.stage.world import World
from veche.api.http.contract import Door, Empty, Endpoint
from veche.api.http.door import Application
from veche.domain.refusals import Refused
from veche.domain.rooms import ROOM_VERSIONS
from veche.domain.sessions import Asker
from veche.storage.writer import FULL


async def test_versions_for_everybody(world: World) -> None:
    anna = await world.person(ANNA)
    for token in (None, "nonsense", anna.token):
        answer = (await world.call("GET", "/_matrix/client/versions", token=token)).ok()
        assert answer.keys() == {"versions", "unstable_features"}
        assert answer["versions"] == ["r0.6.1", *(f"v1.{minor}" for minor in range(1, 20))]
        assert answer["unstable_features"] == {}


async def well_known(world: World, **more: Any) -> str:
    """Where the server says it is."""
    answer = (await world.call("GET", "/.well-known/matrix/client", **more)).ok()
    assert answer.keys() == {"m.homeserver"}
    return str(answer["m.homeserver"]["base_url"])


async def test_the_server_is_where_it_was_asked(world: World) -> None:
    assert await well_known(world, headers={"host": "chat.example:8008"}) == "http://chat.example:8008"
    nowhere = await world.call("GET", "/.well-known/matrix/client", headers={"host": ""})
    nowhere.refused(404, "M_NOT_FOUND")


@pytest.mark.settings(public_address="https://chat.example")
async def test_the_server_is_where_its_administrator_says(world: World) -> None:
    assert await well_known(world) == "https://chat.example"
    assert await well_known(world, headers={"host": ""}) == "https://chat.example"


async def test_nobody_to_turn_to_and_no_policy_server(world: World) -> None:
    for name in ("support", "policy_server"):
        (await world.call("GET", f"/.well-known/matrix/{name}")).refused(404, "M_NOT_FOUND")


@pytest.mark.settings(
    support_contacts="admin @it:veche.test,security safety@veche.test",
    support_page="https://veche.test/help",
    policy_server_key="6yhHGKhCiXTSEN2ksjV7kX_N6rBQZ3Xb-M7LlC6NS-s",
)
async def test_whom_to_turn_to(world: World) -> None:
    assert (await world.call("GET", "/.well-known/matrix/support")).ok() == {
        "contacts": [
            {"matrix_id": "@it:veche.test", "role": "m.role.admin"},
            {"email_address": "safety@veche.test", "role": "m.role.security"},
        ],
        "support_page": "https://veche.test/help",
    }
    told = (await world.call("GET", "/.well-known/matrix/policy_server")).ok()
    assert told == {"public_keys": {"ed25519": "6yhHGKhCiXTSEN2ksjV7kX_N6rBQZ3Xb-M7LlC6NS-s"}}


@pytest.mark.settings(support_contacts="admin it@veche.test")
async def test_a_contact_without_a_page(world: World) -> None:
    told = (await world.call("GET", "/.well-known/matrix/support")).ok()
    assert told == {"contacts": [{"email_address": "it@veche.test", "role": "m.role.admin"}]}


async def test_capabilities_are_what_the_server_can_do(world: World) -> None:
    anna = await world.person(ANNA)
    (await world.call("GET", "/_matrix/client/v3/capabilities")).refused(401, "M_MISSING_TOKEN")
    can = (await anna.get("/capabilities")).ok()["capabilities"]
    assert set(can["m.room_versions"]["available"]) == set(ROOM_VERSIONS) == {"10", "11", "12"}
    assert set(can["m.room_versions"]["available"].values()) == {"stable"}
    assert can["m.room_versions"]["default"] == "11"
    for version in can["m.room_versions"]["available"]:
        await found(anna, room_version=version)
    enabled = {name: one["enabled"] for name, one in can.items() if "enabled" in one}
    assert enabled == {
        "m.3pid_changes": False,
        "m.change_password": True,
        "m.forget_forced_upon_leave": False,
        "m.get_login_token": True,
        "m.profile_fields": True,
        "m.set_avatar_url": True,
        "m.set_displayname": True,
    }


async def test_health_for_everybody(world: World) -> None:
    answer = (await world.call("GET", "/health")).ok()
    assert answer == {"position": 0, "status": "ok", "waiting": 0, "certificate": None, "backup": None}
    anna = await world.person(ANNA)
    await found(anna)
    assert (await world.call("GET", "/health")).ok()["position"] > 0


@pytest.mark.parametrize(
    "contact",
    [
        "the administrator of veche.test",
        pytest.param("https://chat.example.org", marks=pytest.mark.settings(public_address="https://chat.example.org")),
        pytest.param("mailto:it@example.org", marks=pytest.mark.settings(admin_contact="mailto:it@example.org")),
    ],
)
async def test_where_room_has_run_out_it_is_said_whom_to_tell(world: World, contact: str) -> None:
    async def serve(door: Door, asker: Asker, request: Empty) -> Empty:
        raise Refused(FULL)

    full = Endpoint("PUT", "/full", "public", "none", Empty, Empty, serve)
    answer = await begin(Application(world.running.application.door, (full,)), "PUT", "/full").answer()
    assert answer.refused(507, "M_RESOURCE_LIMIT_EXCEEDED")["admin_contact"] == contact
