"""A suspended administrator, at every endpoint that is for administrators: they still see, and change nothing."""

import pytest

from tests.authorisation.askers import SERVER_ADMINISTRATOR
from tests.authorisation.rows import name_of, path_of
from tests.authorisation.scene import Stage
from tests.authorisation.table import ROWS
from veche.api.http.contract import Endpoint
from veche.api.table import ENDPOINTS
from veche.domain.ids import UserId
from veche.domain.moderation import FOR_EVER, Restriction
from veche.storage import moderation

FOR_ADMINISTRATORS = [endpoint for endpoint in ENDPOINTS if endpoint.caller == "administrator"]


@pytest.mark.parametrize("endpoint", FOR_ADMINISTRATORS, ids=name_of)
async def test_a_suspended_administrator_sees_and_changes_nothing(reading_room: Stage, endpoint: Endpoint) -> None:
    await suspend(reading_room)
    scene, asker = reading_room.scene, SERVER_ADMINISTRATOR
    allowed = [asked for asked in ROWS[name_of(endpoint)] if asker in asked.may]
    assert allowed
    for asked in allowed:
        place, query, body = (scene.filled(part, asker) for part in (asked.place, asked.query, asked.body))
        before = await acts(reading_room)
        answer = await reading_room.ask(asker, endpoint.method, path_of(endpoint, place), body, query)
        if endpoint.method == "GET":
            answer.ok()
        else:
            answer.refused(403, "M_USER_SUSPENDED")
        assert await acts(reading_room) == before


async def suspend(stage: Stage) -> None:
    """Suspend the server's only administrator, which no command would do."""
    user = UserId(stage.scene.people[SERVER_ADMINISTRATOR].user)
    restriction = Restriction(user, "suspension", 0, FOR_EVER, UserId(""), "")
    await stage.world.commands.writer.run(lambda tx: moderation.put(tx, restriction))
    tokens = stage.world.commands.live.sessions
    tokens.drop(stage.scene.people[SERVER_ADMINISTRATOR].asker.digest)


async def acts(stage: Stage) -> tuple[int, int]:
    """Return how much has been done: the newest position of the log, and the number of acts written down."""
    row = await stage.world.queries.reader.run(lambda at: at.one("SELECT COUNT(*) FROM acts"))
    return await stage.position(), row[0] if row else 0
