"""Messages to devices at the door and in sync: once to each device, in order, never lost, never to others."""

from typing import Any

import pytest

from tests.api.test_encryption_sync import woken
from tests.cast import ANNA, BORIS, CARLA
from tests.stage.world import Person, World


async def send(person: Person, txn: str, messages: dict[str, Any], kind: str = "m.test") -> None:
    """Send messages to devices."""
    (await person.put(f"/sendToDevice/{kind}/{txn}", {"messages": messages})).ok()


class Inbox:
    """A device that syncs and remembers its token."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.token: str | None = None

    async def look(self) -> list[Any]:
        """Sync once; return the messages."""
        answer = (await self.person.get("/sync", since=self.token, timeout=0)).ok()
        self.token = answer["next_batch"]
        events: list[Any] = answer.get("to_device", {}).get("events", [])
        return events

    async def numbers(self) -> list[int]:
        """Sync once; return the numbers that the messages hold."""
        return [event["content"]["n"] for event in await self.look()]


async def test_a_message_reaches_one_device_once(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    phone = Inbox(boris)
    others = [Inbox(await world.device(boris.user, "OTHER")), Inbox(carla), Inbox(anna)]
    await send(anna, "1", {boris.user: {"BORIS": {"n": 1, "text": "привет"}}})
    expected = {"content": {"n": 1, "text": "привет"}, "sender": anna.user, "type": "m.test"}
    assert await phone.look() == [expected]
    assert await phone.look() == []
    for other in others:
        assert await other.look() == []


async def test_a_star_means_every_device(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    inboxes = [Inbox(person) for person in (boris, await world.device(boris.user, "OTHER"))]
    await send(anna, "1", {boris.user: {"*": {"n": 1}}})
    assert [await inbox.numbers() for inbox in inboxes] == [[1], [1]]
    await send(anna, "2", {boris.user: {"*": {"n": 2}, "OTHER": {"n": 3}}})
    assert [await inbox.numbers() for inbox in inboxes] == [[2], [3]]
    own = Inbox(anna)
    await send(anna, "3", {anna.user: {"*": {"n": 4}}})
    assert await own.numbers() == [4]


async def test_the_same_transaction_is_carried_out_once(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    inbox, second = Inbox(boris), await world.device(anna.user, "SECOND")
    for _ in range(2):
        await send(anna, "1", {boris.user: {"BORIS": {"n": 1}}})
    await world.restart()
    await send(anna, "1", {boris.user: {"BORIS": {"n": 1}}})
    assert await inbox.numbers() == [1]
    await send(anna, "1", {boris.user: {"BORIS": {"n": 2}}}, kind="m.other")
    await send(second, "1", {boris.user: {"BORIS": {"n": 3}}})
    assert await inbox.numbers() == [2, 3]


async def test_a_large_request_is_carried_out_once_too(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    devices = [await world.device(boris.user, f"D{number:03}") for number in range(250)]
    messages: dict[str, Any] = {boris.user: {person.asker.device: {"n": at} for at, person in enumerate(devices)}}
    for _ in range(2):
        await send(anna, "1", messages)
    assert [await Inbox(devices[at]).numbers() for at in (0, 99, 100, 249)] == [[0], [99], [100], [249]]


async def test_unknown_users_and_devices_are_passed_over(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    inbox = Inbox(boris)
    await send(anna, "1", {"@nobody:veche.test": {"X": {}}, "@eve:elsewhere": {"*": {}}, boris.user: {"GONE": {}}})
    await send(anna, "2", {boris.user: {"BORIS": {"n": 1}}})
    assert await inbox.numbers() == [1]


async def test_what_was_not_confirmed_is_sent_again(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    inbox = Inbox(boris)
    await inbox.look()
    before = inbox.token
    await send(anna, "1", {boris.user: {"BORIS": {"n": 1}}})
    for _ in range(2):
        inbox.token = before
        assert await inbox.numbers() == [1]
    await world.restart()
    inbox.token = before
    assert await inbox.numbers() == [1]
    assert await inbox.numbers() == []


async def test_a_long_queue_comes_in_hundreds(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    inbox = Inbox(boris)
    await inbox.look()
    for number in range(205):
        await send(anna, str(number), {boris.user: {"BORIS": {"n": number}}})
    found = [await inbox.numbers() for _ in range(4)]
    assert list(map(len, found)) == [100, 100, 5, 0]
    assert [number for part in found for number in part] == list(range(205))


async def test_messages_that_arrive_between_parts_of_a_queue_are_not_lost(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    inbox = Inbox(boris)
    for number in range(101):
        await send(anna, str(number), {boris.user: {"BORIS": {"n": number}}})
    found = await inbox.numbers()
    await send(anna, "more", {boris.user: {"BORIS": {"n": 101}}})
    await world.restart()
    found += await inbox.numbers()
    assert found == list(range(102))


async def test_a_waiting_sync_is_answered_with_the_message(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    inbox = Inbox(boris)
    await inbox.look()
    waiting = boris.begin("GET", "/sync", since=inbox.token, timeout=60_000)
    await send(anna, "1", {boris.user: {"BORIS": {"n": 1}}})
    answer = (await woken(waiting, anna)).ok()
    assert [event["content"] for event in answer["to_device"]["events"]] == [{"n": 1}]


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/sendToDevice/m.test/1", {}, 400, "M_MISSING_PARAM"),
        ("/sendToDevice/m.test/1", {"messages": {"@boris:veche.test": {"BORIS": "text"}}}, 400, "M_BAD_JSON"),
        ("/sendToDevice/m.test/1", {"messages": {"@boris:veche.test": {"BORIS": {"n": 0.5}}}}, 400, "M_BAD_JSON"),
        ("/sendToDevice/m.test/1", {"messages": {"@boris:veche.test": {"BORIS": {"n": 2**60}}}}, 400, "M_BAD_JSON"),
        (
            "/sendToDevice/m.test/1",
            {"messages": {"@boris:veche.test": {"BORIS": {"n": "x" * 70_000}}}},
            413,
            "M_TOO_LARGE",
        ),
        ("/sendToDevice/m.te%00st/1", {"messages": {}}, 400, "M_INVALID_PARAM"),
        (f"/sendToDevice/m.test/{'1' * 300}", {"messages": {}}, 400, "M_INVALID_PARAM"),
        ("/sendToDevice/m.test/", {"messages": {}}, 400, "M_INVALID_PARAM"),
    ],
)
async def test_bad_requests_deliver_nothing(
    world: World, path: str, body: dict[str, Any], status: int, code: str
) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    if isinstance(body.get("messages"), dict):
        body = {"messages": {boris.user: {"BORIS": {"n": 1}}, **body["messages"]}} if not body["messages"] else body
    (await anna.put(path, body)).refused(status, code)
    assert await Inbox(boris).look() == []


async def test_a_type_with_a_slash_stays_in_its_segment(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    await send(anna, "1%2F2", {boris.user: {"BORIS": {"n": 1}}}, kind="org.x%2Fy")
    assert (await Inbox(boris).look())[0]["type"] == "org.x/y"
