"""News that comes at the worst moment: while the database is read, or when the waiting is just over. None is lost."""

import json
from typing import Any

import pytest

from tests.cast import ANNA, BORIS
from tests.parity.client import Differs
from tests.stage.people import Person
from tests.stage.presence import by_hand
from tests.stage.world import World
from veche.commands.presence import tell_changes
from veche.domain.account_data import RoomFilter
from veche.domain.ids import Position, RoomId, UserId
from veche.domain.sessions import Asker, Origin
from veche.live import notifier
from veche.live.notifier import Feed
from veche.queries.sync import loop, polling
from veche.queries.sync.counting import keep
from veche.queries.sync.general import general_answer
from veche.queries.sync.unread import Unread
from veche.queries.sync.wish import SyncWish, token_from
from veche.queries.timeline import paging


@pytest.fixture
def engine_name() -> str:
    """What is read from memory is the same on both."""
    return "sqlite"


class Desk:
    """A connection that notes what happens to it; whoever is woken waits here until looked at."""

    def __init__(self) -> None:
        self.answers: list[Any] = []
        self.woken: list[polling.Poll] = []
        self.left: list[SyncWish] = []

    @property
    def is_over(self) -> bool:
        return bool(self.answers)

    def origin(self) -> Origin:
        return Origin("127.0.0.1")

    def reply_json(self, body: bytes) -> None:
        self.answers.append(json.loads(body))

    def look_soon(self, poll: polling.Poll) -> None:
        self.woken.append(poll)

    def take_over(self, asker: Asker, wish: SyncWish) -> None:
        self.left.append(wish)


async def sync(person: Person, since: str | None = None) -> dict[str, Any]:
    """Sync once, without waiting."""
    found: dict[str, Any] = (await person.get("/sync", since=since, timeout=0)).ok()
    return found


async def room_of(founder: Person, *others: Person) -> str:
    """Found a public room that the others join."""
    room: str = (await founder.post("/createRoom", {"preset": "public_chat"})).ok()["room_id"]
    for person in others:
        (await person.post(f"/join/{room}")).ok()
    return room


async def say(person: Person, room: str, txn: str) -> str:
    """Say something; return the event's id."""
    path = f"/rooms/{room}/send/m.room.message/{txn}"
    event: str = (await person.put(path, {"msgtype": "m.text", "body": txn})).ok()["event_id"]
    return event


def events_of(answer: dict[str, Any], room: str) -> list[str]:
    """Return the ids of the events that an answer tells of a room."""
    told = answer.get("rooms", {}).get("join", {}).get(room, {"timeline": {"events": []}})
    return [event["event_id"] for event in told["timeline"]["events"]]


async def begin_to_wait(world: World, person: Person, since: str) -> tuple[polling.Poll, Desk]:
    """Begin a long poll on the fast lane, from a token of now."""
    desk = Desk()
    poll = polling.begin(world.queries, person.asker, SyncWish(token_from(since), timeout_ms=30_000), desk)
    assert poll is not None
    poll.look()
    assert desk.answers == desk.left == []
    return poll, desk


async def test_a_message_while_key_counts_are_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await room_of(anna, boris)
    since = (await sync(boris))["next_batch"]
    read, sent = loop._read_key_counts, list[str]()  # noqa: SLF001

    async def interrupted(*given: Any) -> tuple[bytes, bytes]:
        sent.append(await say(anna, room, "now"))
        return await read(*given)

    monkeypatch.setattr(loop, "_read_key_counts", interrupted)
    world.queries.live.key_counts.drop(boris.user, boris.asker.device)
    nothing = await sync(boris, since)
    assert sent
    told = await sync(boris, nothing["next_batch"])
    assert events_of(nothing, room) + events_of(told, room) == sent


async def test_typing_while_the_database_is_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await room_of(anna, boris)
    since = (await sync(boris))["next_batch"]
    read = loop._general  # noqa: SLF001

    async def interrupted(*given: Any) -> Any:
        found = await read(*given)
        (await anna.put(f"/rooms/{room}/typing/{anna.user}", {"typing": True, "timeout": 30_000})).ok()
        return found

    monkeypatch.setattr(loop, "_general", interrupted)
    world.queries.live.key_counts.drop(boris.user, boris.asker.device)
    (await boris.put(f"/user/{boris.user}/rooms/!elsewhere:veche.test/account_data/org.veche.none", {})).ok()
    poll = boris.begin("GET", "/sync", since=since, timeout=60_000)
    for _ in range(100):
        if poll.is_waiting:
            await sync(anna)
    if poll.is_waiting:
        await poll.hang_up()
        raise Differs("nobody told Boris that Anna types")
    (typing,) = (await poll.answer()).ok()["rooms"]["join"][room]["ephemeral"]["events"]
    assert typing["content"]["user_ids"] == [anna.user]


async def test_a_message_just_before_the_waiting_is_over(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await room_of(anna, boris)
    poll, desk = await begin_to_wait(world, boris, (await sync(boris))["next_batch"])
    event = await say(anna, room, "at last")
    assert desk.woken == [poll]
    poll.time_is_over()
    poll.look_again()
    (answer,) = desk.answers
    assert events_of(answer, room) == [event]


async def test_an_idle_poll_ends_with_a_newer_token(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    await room_of(anna, boris)
    since = (await sync(boris))["next_batch"]
    poll, desk = await begin_to_wait(world, boris, since)
    await room_of(anna)
    poll.time_is_over()
    (answer,) = desk.answers
    assert "rooms" not in answer
    assert token_from(answer["next_batch"]).position > token_from(since).position


async def test_a_poll_is_handed_over_once(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await room_of(anna, boris)
    poll, desk = await begin_to_wait(world, boris, (await sync(boris))["next_batch"])
    (await anna.put(f"/rooms/{room}/state/m.room.topic/", {"topic": "Haste"})).ok()
    poll.time_is_over()
    poll.look_again()
    assert len(desk.left) == 1


async def test_a_poll_whose_feed_was_let_go_reads_the_database(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await room_of(anna, boris)
    poll, desk = await begin_to_wait(world, boris, (await sync(boris))["next_batch"])
    await say(anna, room, "wake up")
    monkeypatch.setattr(notifier, "MOST_FEEDS", 1)
    await sync(anna)
    await sync(await world.person("carla"))
    assert world.queries.live.notifier.feed(boris.user) is None
    poll.look_again()
    assert (len(desk.left), desk.answers) == (1, [])


async def test_everybody_can_sync_though_all_feeds_are_waited_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    await begin_to_wait(world, boris, (await sync(boris))["next_batch"])
    monkeypatch.setattr(notifier, "MOST_FEEDS", 1)
    await sync(anna, (await sync(anna))["next_batch"])


async def test_a_feed_let_go_while_the_database_is_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await room_of(anna, boris)
    since, read = (await sync(boris))["next_batch"], loop._general  # noqa: SLF001

    async def interrupted(ctx: Any, feed: Feed, asker: Asker, wish: SyncWish) -> Any:
        found = await read(ctx, feed, asker, wish)
        if asker.user == boris.user:
            with monkeypatch.context() as crowded:
                crowded.setattr(notifier, "MOST_FEEDS", 1)
                await sync(anna)
        return found

    monkeypatch.setattr(loop, "_general", interrupted)
    (await boris.put(f"/user/{boris.user}/rooms/!elsewhere:veche.test/account_data/org.veche.none", {})).ok()
    poll = boris.begin("GET", "/sync", since=since, timeout=60_000)
    await sync(anna)
    event = await say(anna, room, "hello")
    for _ in range(100):
        if poll.is_waiting:
            await sync(anna)
    if poll.is_waiting:
        await poll.hang_up()
        raise Differs("Boris waits on a feed that nobody fills")
    assert events_of((await poll.answer()).ok(), room) == [event]


def test_an_older_reading_does_not_bring_back_an_older_way_of_counting() -> None:
    feed, room = Feed(UserId("@boris:veche.test"), Position(0), {}), RoomId("!room:veche.test")
    keep(feed, {room: Unread(1, 0, {}, "own rules")}, Position(22), RoomFilter())
    keep(feed, {room: Unread(3, 0, {}, "all")}, Position(20), RoomFilter())
    assert not feed.counts[room].follows
    keep(feed, {room: Unread(2, 0, {}, "all")}, Position(24), RoomFilter())
    assert feed.counts[room].follows
    assert feed.counts[room].notify == 2


async def test_a_gap_is_announced_where_hardly_anything_passes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "_MOST_READ", 5)
    anna, boris = await world.people(ANNA, BORIS)
    room = await room_of(anna, boris)
    since = (await sync(boris))["next_batch"]
    (await anna.put(f"/rooms/{room}/send/org.veche.rare/1", {})).ok()
    for number in range(12):
        await say(anna, room, f"{number}")
    wanted = {"types": ["org.veche.rare"]}
    chosen = json.dumps({"room": {"timeline": wanted}})
    timeline = (await boris.get("/sync", since=since, filter=chosen)).ok()["rooms"]["join"][room]["timeline"]
    assert timeline["limited"]
    found, start = [], timeline["prev_batch"]
    while start is not None:
        query = {"from": start, "to": since, "dir": "b", "filter": json.dumps(wanted)}
        page = (await boris.get(f"/rooms/{room}/messages", **query)).ok()
        found += page["chunk"]
        start = page.get("end")
    assert [event["type"] for event in found] == ["org.veche.rare"]


async def appear(world: World, person: Person, presence: str) -> None:
    """Say how one is doing, and let it be told."""
    (await person.put(f"/presence/{person.user}/status", {"presence": presence})).ok()
    await tell_changes(world.commands)


@pytest.mark.settings(presence="on")
async def test_a_status_while_the_database_is_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    by_hand(monkeypatch)
    anna, boris = await world.people(ANNA, BORIS)
    await room_of(anna, boris)
    await sync(boris)
    await tell_changes(world.commands)
    since, read = (await sync(boris))["next_batch"], loop._general  # noqa: SLF001

    async def interrupted(*given: Any) -> Any:
        found = await read(*given)
        await appear(world, anna, "unavailable")
        return found

    (await boris.put(f"/user/{boris.user}/rooms/!elsewhere:veche.test/account_data/org.veche.none", {})).ok()
    monkeypatch.setattr(loop, "_general", interrupted)
    poll = boris.begin("GET", "/sync", since=since, timeout=60_000)
    for _ in range(100):
        if poll.is_waiting:
            await anna.get(f"/presence/{boris.user}/status")
    if poll.is_waiting:
        await poll.hang_up()
        raise Differs("nobody told Boris how Anna is doing")
    (event,) = (await poll.answer()).ok()["presence"]["events"]
    assert (event["sender"], event["content"]["presence"]) == (anna.user, "unavailable")


@pytest.mark.settings(presence="on")
async def test_a_status_of_somebody_whose_feed_was_let_go(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    by_hand(monkeypatch)
    anna, boris = await world.people(ANNA, BORIS)
    await room_of(anna, boris)
    await appear(world, anna, "online")
    await sync(boris)
    await tell_changes(world.commands)
    since = (await sync(boris))["next_batch"]
    poll, desk = await begin_to_wait(world, boris, since)
    await appear(world, anna, "unavailable")
    monkeypatch.setattr(notifier, "MOST_FEEDS", 1)
    live = world.queries.live.notifier
    live.open(UserId("@carla:veche.test"), {}, live.head)
    assert live.feed(anna.user) is None
    poll.look_again()
    assert (len(desk.left), desk.answers) == (1, [])
    (event,) = (await sync(boris, since))["presence"]["events"]
    assert event["sender"] == anna.user


@pytest.mark.settings(presence="on")
@pytest.mark.parametrize("deed", ["join", "leave"])
async def test_somebody_comes_or_goes_just_before_a_first_answer_is_read(
    world: World, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    by_hand(monkeypatch)
    anna, boris = await world.people(ANNA, BORIS)
    room = await room_of(anna, *([boris] if deed == "leave" else []))
    await appear(world, boris, "online")
    wish, feed = SyncWish(None), await loop.feed_of(world.queries, anna.asker)
    circumstances = loop.circumstances_of(world.queries, feed, anna.asker, wish)
    (await boris.post(f"/rooms/{room}/{deed}")).ok()
    read = general_answer(world.queries, anna.asker, wish, circumstances)
    answer = json.loads((await world.queries.reader.run(read)).body)
    told = {event["sender"] for event in answer.get("presence", {"events": []})["events"]}
    assert told == ({boris.user} if deed == "join" else set())
