"""Looking after people on the real server: locked and signed out while they wait, and back with a code."""

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.cast import ANNA, BORIS, ELENA, PASSWORD
from tests.stage.asgi import Answer
from tests.stage.people import CLIENT_API, Person
from tests.stage.sockets import RealTown, Sent
from veche.app import control
from veche.app.actions import Action, SetRole
from veche.app.actions.care import FreeUser, ListSessions, ListSignIns, MakeResetCode, RestrictUser, SignOut

OURS = "/_veche/v1"
pytestmark = pytest.mark.settings(presence="off")  # a poll that waits hears only what is said
LONG = 60_000
_numbers = count(1)


async def ask(town: RealTown, action: Action) -> Any:
    """Whoever runs the server asks something of it, as the command line does."""
    answer = await asyncio.to_thread(control.ask, town.server.place.data, action)
    assert answer is not None
    assert answer.fault is None
    return answer.result


class Pair:
    """Two in a room: one speaks, the other waits for it on the fast lane."""

    def __init__(self, speaker: Person, reader: Person, room: str) -> None:
        self.speaker = speaker
        self.reader = reader
        self.room = room
        self.since = ""

    async def say(self) -> None:
        """Speak."""
        path = f"/rooms/{self.room}/send/m.room.message/{next(_numbers)}"
        (await self.speaker.put(path, {"msgtype": "m.text", "body": "hello"})).ok()

    async def wait(self) -> Sent:
        """Hear one word, so that the session and its token are known, and wait for the next."""
        poll: Any = self.reader.begin("GET", "/sync", since=self.since, timeout=LONG)
        await self.say()
        self.since = (await poll.answer()).ok()["next_batch"]
        poll = self.reader.begin("GET", "/sync", since=self.since, timeout=LONG)
        await self.speaker.get("/sync")  # by the time that this is answered, the poll before it waits
        assert poll.is_waiting
        found: Sent = poll
        return found


async def pair(town: RealTown) -> Pair:
    """Bring two people together."""
    boris, anna = await town.people(BORIS, ANNA)
    room = (await boris.post("/createRoom", {"preset": "public_chat"})).ok()["room_id"]
    (await anna.post(f"/join/{room}")).ok()
    found = Pair(boris, anna, room)
    found.since = (await anna.get("/sync")).ok()["next_batch"]
    found.since = (await anna.get("/sync", since=found.since)).ok()["next_batch"]
    return found


def expect_locked(answer: Answer) -> None:
    """Fail unless the account is locked and the session to be kept."""
    assert answer.refused(401, "M_USER_LOCKED")["soft_logout"] is True


async def test_a_lock_ends_the_wait_and_the_session_goes_on_afterwards(world: RealTown) -> None:
    them = await pair(world)
    anna = them.reader
    poll = await them.wait()
    await ask(world, RestrictUser(anna.user, "lock", reason="lost telephone"))
    expect_locked(await poll.answer())
    await them.say()
    path = f"/rooms/{them.room}/send/m.room.message/{next(_numbers)}"
    for answer in (
        await anna.get("/sync", since=them.since, timeout=LONG),
        await anna.put(path, {"msgtype": "m.text", "body": "no"}),
        await anna.get("/account/whoami"),
    ):
        expect_locked(answer)
    await world.restart()
    expect_locked(await anna.get("/sync", since=them.since, timeout=LONG))
    await ask(world, FreeUser(anna.user, "lock"))
    news = (await anna.get("/sync", since=them.since)).ok()
    assert len(news["rooms"]["join"][them.room]["timeline"]["events"]) == 1
    (await anna.put(path, {"msgtype": "m.text", "body": "back"})).ok()


async def test_a_suspension_is_felt_on_the_fast_lane(world: RealTown) -> None:
    them = await pair(world)
    anna = them.reader
    poll = await them.wait()
    path = f"/rooms/{them.room}/send/m.room.message"
    (await anna.put(f"{path}/{next(_numbers)}", {"msgtype": "m.text", "body": "yes"})).ok()
    await poll.answer()
    await ask(world, RestrictUser(anna.user, "suspension"))
    refused = await anna.put(f"{path}/{next(_numbers)}", {"msgtype": "m.text", "body": "no"})
    refused.refused(403, "M_USER_SUSPENDED")
    await them.say()
    assert (await anna.get("/sync", since=them.since)).ok()["rooms"]["join"]


@pytest.mark.parametrize("which", [lambda person: None, lambda person: str(person.asker.device)], ids=["all", "one"])
async def test_signing_out_ends_the_wait(world: RealTown, which: Callable[[Person], str | None]) -> None:
    them = await pair(world)
    poll = await them.wait()
    listed = await ask(world, ListSessions(them.reader.user))
    assert [(row["device_id"], row["is_connected"], row["last_seen_ip"]) for row in listed] == [
        (them.reader.asker.device, True, "127.0.0.1")
    ]
    assert listed[0]["last_seen_port"] > 0
    assert "aiohttp" in listed[0]["client"]
    await ask(world, SignOut(them.reader.user, which(them.reader)))
    assert (await poll.answer()).refused(401, "M_UNKNOWN_TOKEN")["soft_logout"] is False
    (await them.reader.get("/sync", since=them.since)).refused(401, "M_UNKNOWN_TOKEN")


async def test_an_administrator_does_the_same_over_http(world: RealTown) -> None:
    elena = await world.person(ELENA)
    await ask(world, SetRole(ELENA, "administrator"))
    them = await pair(world)
    poll = await them.wait()
    account = f"{OURS}/accounts/{them.reader.user}"
    (await elena.put(f"{account}/lock", {"reason": "left"})).ok()
    expect_locked(await poll.answer())
    (await elena.delete(f"{account}/lock")).ok()
    (await elena.delete(f"{account}/sessions")).ok()
    (await them.reader.get("/account/whoami")).refused(401, "M_UNKNOWN_TOKEN")
    told = (await elena.get(f"{OURS}/audit")).ok()["acts"]
    assert [(act["what"], act["by"]) for act in told] == [
        ("sign out", elena.user),
        ("unlock", elena.user),
        ("lock", elena.user),
        ("set role", None),
    ]


async def test_a_code_brings_somebody_back(world: RealTown) -> None:
    anna = await world.person(ANNA)
    made = await ask(world, MakeResetCode(ANNA))
    chosen = "quite another password"
    page = await world.call("GET", "/reset", headers={"Accept-Language": "ru"})
    assert (page.status, 'lang="ru"' in page.bytes.decode()) == (200, True)
    form = {"user": ANNA, "code": made["code"], "password": chosen, "password_again": chosen}
    body = urlencode(form).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await world.call("POST", "/reset", body, headers=headers)).status == 200
    assert (await world.call("POST", "/reset", body, headers=headers)).status == 403
    (await anna.get("/account/whoami")).refused(401, "M_UNKNOWN_TOKEN")
    signing_in = {"type": "m.login.password", "user": ANNA, "password": PASSWORD}
    (await world.call("POST", f"{CLIENT_API}/login", signing_in)).refused(403, "M_FORBIDDEN")
    (await world.call("POST", f"{CLIENT_API}/login", {**signing_in, "password": chosen})).ok()
    history = await ask(world, ListSignIns(ANNA))
    assert [(row["method"], row["outcome"]) for row in history] == [
        ("password", "success"),
        ("password", "wrong password"),
        ("reset code", "success"),
        ("registration", "success"),
    ]
    assert {row["address"] for row in history} == {"127.0.0.1"}
