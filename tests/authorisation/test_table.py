"""Every declared endpoint, asked by everybody: the right status, and no canary for whom it is not meant."""

import pytest

from tests.authorisation.askers import EXPIRED, NO_TOKEN, ORDER, REVOKED, WITHOUT_SESSION
from tests.authorisation.rows import Ask, name_of, path_of
from tests.authorisation.scene import Stage
from tests.authorisation.table import ROWS
from tests.stage.asgi import Answer
from tests.stage.older import older_paths
from veche.api.http.contract import Endpoint
from veche.api.table import ENDPOINTS

READING = [endpoint for endpoint in ENDPOINTS if endpoint.method == "GET"]
CHANGING = [endpoint for endpoint in ENDPOINTS if endpoint.method != "GET"]
_WITHOUT = {
    NO_TOKEN: ("M_MISSING_TOKEN", None),
    EXPIRED: ("M_UNKNOWN_TOKEN", True),
    REVOKED: ("M_UNKNOWN_TOKEN", False),
}


def test_every_endpoint_has_a_row_and_every_row_an_endpoint() -> None:
    assert set(ROWS) == {name_of(endpoint) for endpoint in ENDPOINTS}


@pytest.mark.parametrize("endpoint", READING, ids=name_of)
async def test_reading(reading_room: Stage, endpoint: Endpoint) -> None:
    await play(reading_room, endpoint)


@pytest.mark.parametrize("endpoint", CHANGING, ids=name_of)
async def test_changing(stage: Stage, endpoint: Endpoint) -> None:
    await play(stage, endpoint)


@pytest.mark.parametrize("endpoint", [one for one in ENDPOINTS if one.caller != "public"], ids=name_of)
async def test_no_other_path_leads_past_the_token(reading_room: Stage, endpoint: Endpoint) -> None:
    for path in (endpoint.path, *endpoint.aliases, *older_paths(endpoint.path)):
        for asker in WITHOUT_SESSION:
            answer = await reading_room.ask(asker, endpoint.method, path.replace("{", "").replace("}", ""))
            expect_no_session(answer, asker)


async def play(stage: Stage, endpoint: Endpoint) -> None:
    """Let everybody ask everything in the endpoint's row."""
    for asked in ROWS[name_of(endpoint)]:
        for asker in ORDER:
            await put_question(stage, endpoint, asked, asker)


async def put_question(stage: Stage, endpoint: Endpoint, asked: Ask, asker: str) -> None:
    """Let one person ask one thing; fail where the status, or what the answer tells, is not as the row says."""
    scene = stage.scene
    place, query, body = (scene.filled(part, asker) for part in (asked.place, asked.query, asked.body))
    before = await stage.position()
    answer = await stage.ask(asker, endpoint.method, path_of(endpoint, place), body, query)
    case = f"{name_of(endpoint)}, {asked.what}, asked by: {asker}; answered {answer.status} {answer.bytes[:500]!r}"
    assert stage.leaks(answer, asker, place, query, body) == set(), case
    if asker in WITHOUT_SESSION and endpoint.caller != "public":
        expect_no_session(answer, asker)
    else:
        assert answer.status == asked.status(asker), case
    if answer.status != 200:
        assert await stage.position() == before, f"{case}; something was changed"
    for name, group in asked.shows.items():
        assert asker not in group or name in stage.canaries.told(answer), f"{case}; does not show {name}"


def expect_no_session(answer: Answer, asker: str) -> None:
    """Fail unless the answer says what is wrong with the token, and whether signing in again helps."""
    code, soft_logout = _WITHOUT[asker]
    assert answer.refused(401, code).get("soft_logout") == soft_logout
