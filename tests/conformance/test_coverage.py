"""The list of operations, the endpoints that are declared and the specification's files say the same."""

import re

import pytest

from docs.pages.coverage import Listed, operations
from tests.cast import ANNA, BORIS
from tests.conformance.operations import operations as specified
from tests.stage.rooms import found
from tests.stage.world import World
from veche.api.http.contract import Endpoint
from veche.api.table import ENDPOINTS

LEAST = 145
LISTED = operations()
SERVED = [one for one in LISTED if one.standing == "served"]
UNSERVED = [one for one in LISTED if one.standing != "served"]
TWINS = frozenset({"inviteBy3PID"})
"""Operations that have method and path of another one, and are told apart by the body."""
OF_THE_PROSE = {(method, "/_matrix/client/v3/auth/{}/fallback/web") for method in ("GET", "POST")}
"""Pages that the prose describes (section User-Interactive Authentication, "Fallback") and no file declares."""
THIRD_PARTY = {"medium": "email", "address": "boris@example.org", "id_server": "id.example.org", "id_access_token": "x"}


def shape(path: str) -> str:
    """A path without the names of its parameters. The trailing slash of the push rules means nothing."""
    return re.sub(r"\{[^}]*\}", "{}", path).rstrip("/")


ENDPOINT_OF: dict[tuple[str, str], Endpoint] = {
    (endpoint.method, shape(path)): endpoint
    for endpoint in reversed(ENDPOINTS)
    for path in (*endpoint.aliases, endpoint.path)
}


@pytest.mark.usefixtures("specification")
def test_the_list_names_every_operation_of_the_specification() -> None:
    said = {
        (one.raw["operationId"], one.method, one.path.strip(), one.file, one.is_deprecated)
        for one in specified().values()
    }
    assert said == {
        (one.name, one.method, one.path, f"api/client-server/{one.file}.yaml", one.is_deprecated) for one in LISTED
    }


@pytest.mark.parametrize("listed", SERVED, ids=lambda one: one.name)
def test_what_is_served_is_declared(listed: Listed) -> None:
    """That each of them answers somebody well is proved by a run of all tests (``onlooker.py``)."""
    assert (listed.method, shape(listed.path)) in ENDPOINT_OF


def test_every_declared_operation_is_in_the_list() -> None:
    known = {(one.method, shape(one.path)) for one in LISTED}
    declared = {(one.method, shape(one.path)) for one in ENDPOINTS if one.path.startswith("/_matrix/client/")}
    assert declared - known == OF_THE_PROSE


def test_enough_is_served() -> None:
    assert len(SERVED) >= LEAST


@pytest.mark.parametrize("listed", UNSERVED, ids=lambda one: one.name)
def test_what_is_not_served_says_so(listed: Listed) -> None:
    endpoint = ENDPOINT_OF.get((listed.method, shape(listed.path)))
    is_declared = endpoint is not None and listed.name not in TWINS
    assert is_declared == (listed.standing == "refused" and listed.name not in TWINS)
    assert listed.reason


@pytest.mark.parametrize("listed", UNSERVED, ids=lambda one: one.name)
async def test_what_is_not_served_is_answered_with_the_error_of_the_list(world: World, listed: Listed) -> None:
    anna, _boris = await world.people(ANNA, BORIS)
    path = listed.path.replace("{roomId}", await found(anna)).replace("{", "").replace("}", "")
    body = None if listed.method == "GET" else THIRD_PARTY
    (await anna.call(listed.method, path, body)).refused(listed.status, listed.errcode)


async def test_an_operation_that_nobody_knows_is_refused(world: World) -> None:
    anna = await world.person(ANNA)
    (await anna.get("/no/such/operation")).refused(404, "M_UNRECOGNIZED")
    (await anna.delete("/sync")).refused(405, "M_UNRECOGNIZED")
