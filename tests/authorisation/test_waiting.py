"""Whoever is sent away while a long poll waits: what is written from then on never reaches them.

Over sockets the poll waits on the fast lane, in process it does not.
"""

from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any, Final

import msgspec
import pytest

from tests.authorisation.table.accounts import proof
from tests.cast import PASSWORD
from tests.stage.asgi import Answer
from tests.stage.people import Person, Town
from tests.stage.sockets import RealTown
from tests.stage.world import World
from veche.app.actions import DeactivateUser, SetPassword, perform

LONG: Final = 60_000
_numbers = count(1)


class Circle(msgspec.Struct, frozen=True):
    """A room with its founder, a member, and somebody who is about to be sent away; they have a second device."""

    founder: Person
    member: Person
    outcast: Person
    elsewhere: Person
    room: str
    password: str

    async def say(self, text: str) -> None:
        """The founder says something."""
        (await self.founder.put(f"/rooms/{self.room}/send/m.room.message/{next(_numbers)}", {"body": text})).ok()

    async def judge(self, verb: str) -> None:
        """The founder does something about the one who is to go."""
        (await self.founder.post(f"/rooms/{self.room}/{verb}", {"user_id": self.outcast.user})).ok()


async def circle(town: Town) -> Circle:
    """Bring three people together in a room of their own."""
    number = next(_numbers)
    founder, member, outcast = await town.people(f"anna-{number}", f"boris-{number}", f"dmitri-{number}")
    elsewhere = await town.device(outcast.user, "SECOND")
    body = {"preset": "private_chat", "invite": [member.user, outcast.user]}
    room = (await founder.post("/createRoom", body)).ok()["room_id"]
    for person in (member, outcast):
        (await person.post(f"/join/{room}")).ok()
    password = PASSWORD if isinstance(town, RealTown) else f"dmitri-{number}'s own password"
    return Circle(founder, member, outcast, elsewhere, room, password)


async def caught_up(person: Person) -> str:
    """Sync until nothing is new; return the token."""
    since = str((await person.get("/sync")).ok()["next_batch"])
    return str((await person.get("/sync", since=since)).ok()["next_batch"])


async def received(person: Person, since: str, text: str) -> None:
    """Sync on until a text arrives."""
    while True:
        answer = await person.get("/sync", since=since, timeout=LONG)
        since = answer.ok()["next_batch"]
        if text in answer.bytes.decode():
            return


async def sign_out(them: Circle) -> None:
    """The device signs out."""
    (await them.outcast.post("/logout")).ok()


async def sign_out_everywhere(them: Circle) -> None:
    """All devices are signed out, from another one."""
    (await them.elsewhere.post("/logout/all")).ok()


async def delete_device(them: Circle) -> None:
    """The device is deleted from another one."""
    proven = {"auth": proof(them.outcast.user, them.password)}
    (await them.elsewhere.delete(f"/devices/{them.outcast.asker.device}", proven)).ok()


async def change_password(them: Circle) -> None:
    """The password is changed from another device, which signs this one out."""
    body = {"new_password": "quite another password", "auth": proof(them.outcast.user, them.password)}
    (await them.elsewhere.post("/account/password", body)).ok()


async def deactivate(them: Circle) -> None:
    """The account is closed from another device."""
    (await them.elsewhere.post("/account/deactivate", {"auth": proof(them.outcast.user, them.password)})).ok()


async def sign_in_again(them: Circle) -> None:
    """Somebody signs in as the same device: its former token ends."""
    name = {**proof(them.outcast.user, them.password), "device_id": them.outcast.asker.device}
    (await them.outcast.world.call("POST", "/_matrix/client/v3/login", name)).ok()


REVOKING = (sign_out, sign_out_everywhere, delete_device, change_password, deactivate, sign_in_again)


@pytest.mark.parametrize("revoke", REVOKING)
async def test_a_revoked_session_hears_nothing_more(town: Town, revoke: Callable[[Circle], Awaitable[None]]) -> None:
    them = await circle(town)
    poll, since = await waiting(them)
    await revoke(them)
    await tell_everything(them, since)
    expect_signed_out(await poll.answer())
    expect_signed_out(await them.outcast.get("/sync", since=since))


@pytest.mark.parametrize("action", [SetPassword, DeactivateUser])
async def test_an_operator_ends_sessions_too(indoors: World, action: type[Any]) -> None:
    them = await circle(indoors)
    poll, since = await waiting(them)
    words = ("quite another password",) if action is SetPassword else ()
    await perform(indoors.commands, indoors.queries, action(str(them.outcast.user), *words))
    await tell_everything(them, since)
    expect_signed_out(await poll.answer())
    expect_signed_out(await them.outcast.get("/sync", since=since))


@pytest.mark.parametrize("verb", ["kick", "ban"])
async def test_whoever_is_sent_away_hears_that_and_nothing_more(town: Town, verb: str) -> None:
    them = await circle(town)
    poll, since = await waiting(them)
    await them.judge(verb)
    await tell_everything(them, since)
    await expect_farewell(them, await poll.answer(), since)


async def test_whoever_leaves_on_another_device_hears_nothing_more(town: Town) -> None:
    them = await circle(town)
    poll, since = await waiting(them)
    (await them.elsewhere.post(f"/rooms/{them.room}/leave")).ok()
    await tell_everything(them, since)
    await expect_farewell(them, await poll.answer(), since)


async def test_what_is_said_at_the_very_moment_of_a_ban_is_heard_before_it_or_never(town: Town) -> None:
    them = await circle(town)
    poll, since = await waiting(them)
    path = f"/rooms/{them.room}/send/m.room.message"
    begun = [them.founder.begin("PUT", f"{path}/moment{n}", {"body": f"moment-{n}-"}) for n in range(10)]
    banning = them.founder.begin("POST", f"/rooms/{them.room}/ban", {"user_id": them.outcast.user})
    begun += [them.founder.begin("PUT", f"{path}/moment{n}", {"body": f"moment-{n}-"}) for n in range(10, 20)]
    for exchange in (*begun, banning):
        (await exchange.answer()).ok()
    await them.say("canary")
    told = await everything_told(them.outcast, await poll.answer(), since)
    log = (await them.founder.get(f"/rooms/{them.room}/messages", dir="b", limit=22)).ok()["chunk"]
    assert log[0]["content"]["body"] == "canary"
    later = log[: next(place for place, event in enumerate(log) if event["type"] == "m.room.member")]
    assert {event["event_id"] for event in later if event["event_id"] in told} == set()


async def test_a_token_that_expires_hears_nothing_more(indoors: World) -> None:
    them = await circle(indoors)
    session = {**proof(them.outcast.user, them.password), "refresh_token": True, "device_id": "THIRD"}
    made = (await indoors.call("POST", "/_matrix/client/v3/login", session)).ok()
    brief = msgspec.structs.replace(them, outcast=Person(indoors, them.outcast.asker, made["access_token"]))
    poll, since = await waiting(brief)
    indoors.clock.advance(ms=made["expires_in_ms"] + 1)
    await tell_everything(them, since)
    assert (await poll.answer()).refused(401, "M_UNKNOWN_TOKEN")["soft_logout"] is True


async def waiting(them: Circle) -> tuple[Any, str]:
    """Let the one who is to go hear a first word, and wait for the next; return that poll and the token it bears."""
    poll = them.outcast.begin("GET", "/sync", since=await caught_up(them.outcast), timeout=LONG)
    await them.say("welcome")
    answer = await poll.answer()
    assert "welcome" in answer.bytes.decode()
    since = answer.ok()["next_batch"]
    poll = them.outcast.begin("GET", "/sync", since=since, timeout=LONG)
    await them.member.get("/sync")  # by the time that this is answered, the poll before it waits
    assert poll.is_waiting
    return poll, since


async def tell_everything(them: Circle, since: str) -> None:
    """Write to the room, and to the person's devices; type in the room; wait until a member has received it."""
    typing = {"typing": True, "timeout": LONG}
    (await them.founder.put(f"/rooms/{them.room}/typing/{them.founder.user}", typing)).ok()
    await them.say("canary")
    note = {"messages": {them.outcast.user: {"*": {"text": "canary"}}}}
    (await them.member.put(f"/sendToDevice/x.y/{next(_numbers)}", note)).ok()
    await received(them.member, since, "canary")


def expect_signed_out(answer: Answer) -> None:
    """Fail unless the answer is that the token is unknown."""
    assert answer.refused(401, "M_UNKNOWN_TOKEN")["soft_logout"] is False


async def expect_farewell(them: Circle, answer: Answer, since: str) -> None:
    """Fail unless the poll brought the leaving, and neither it nor any later sync what was said in the room then."""
    assert them.room in answer.ok()["rooms"]["leave"]
    assert "join" not in answer.ok()["rooms"]
    assert_not_said(answer)
    token = await caught_up(them.outcast)
    poll = them.outcast.begin("GET", "/sync", since=token, timeout=LONG)
    await them.say("canary")
    await received(them.member, since, "canary")
    assert poll.is_waiting
    await poll.hang_up()
    for start in (since, token):
        assert_not_said(await them.outcast.get("/sync", since=start))


def assert_not_said(answer: Answer) -> None:
    """Fail where anything of the room's new messages is in an answer; messages to devices are not about the room."""
    rooms = answer.ok().get("rooms", {})
    assert "canary" not in str(rooms)


async def everything_told(person: Person, answer: Answer, since: str) -> str:
    """Return all that a person is told from a token on, until nothing is new."""
    told = answer.bytes.decode()
    for start in (since, answer.ok()["next_batch"]):
        told += (await person.get("/sync", since=start)).bytes.decode()
    return told
