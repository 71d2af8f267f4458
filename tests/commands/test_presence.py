"""Presence: saying how one is doing, telling it, and noting who was active; what is written and what is not."""

from collections.abc import Awaitable, Callable

import pytest

from tests.cast import ANNA, BORIS, CARLA
from tests.commands.conversation import conversation, head
from tests.stage.people import Person
from tests.stage.presence import by_hand
from tests.stage.world import World
from veche.commands.presence import SLICE, Wanted, note_active, set_presence, tell_changes
from veche.commands.receipts import ReadMarkers, send_receipt, set_read_markers
from veche.commands.timeline import redact_event, set_state
from veche.commands.typing import set_typing
from veche.domain.events import Draft
from veche.domain.ids import UserId
from veche.domain.presence import GRACE_MS, Known, Said
from veche.domain.refusals import Refused
from veche.storage import presence

pytestmark = pytest.mark.settings(presence="on")


@pytest.fixture(autouse=True)
def rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is told or noted but when a test says so."""
    by_hand(monkeypatch)


async def rows(world: World) -> dict[UserId, Known]:
    """What is on disk."""
    return {one.user: one for one in await world.queries.reader.run(presence.everybody)}


async def put(world: World, person: Person, wanted: Wanted) -> None:
    """Set one's own presence."""
    await set_presence(world.commands, person.asker, person.user, wanted)


async def test_only_words_are_written_and_only_when_they_change(world: World) -> None:
    anna = await world.person(ANNA)
    before = await head(world)
    await put(world, anna, Wanted("unavailable"))
    assert await rows(world) == {}
    began = world.clock()
    await put(world, anna, Wanted("online", "lunch", True))
    known = (await rows(world))[anna.user]
    assert (known.said.text, known.said.busy_until, known.last_active) == ("lunch", None, None)
    assert known.said.busy_since is not None
    assert known.said.busy_since >= began
    world.clock.advance(seconds=9)
    for same in (Wanted("online"), Wanted(None, "lunch"), Wanted(None, is_busy=True)):
        await put(world, anna, same)
        assert (await rows(world))[anna.user] == known
    await put(world, anna, Wanted("online", is_busy=True, busy_until=4_000_000_000_000))
    said = (await rows(world))[anna.user].said
    assert said == Said("lunch", known.said.busy_since, 4_000_000_000_000), "busy for longer is busy since then"
    await put(world, anna, Wanted("online", "", False))
    assert (await rows(world))[anna.user].said == Said()
    assert await head(world) == before, "the log knows nothing of it"


async def test_being_busy_again_begins_anew(world: World) -> None:
    anna = await world.person(ANNA)
    await put(world, anna, Wanted("online", is_busy=True, busy_until=world.clock() + 1_000))
    first = (await rows(world))[anna.user].said
    world.clock.advance(seconds=2)
    await put(world, anna, Wanted("online", is_busy=True))
    since = (await rows(world))[anna.user].said.busy_since
    assert first.busy_since is not None
    assert since is not None
    assert since >= first.busy_since + 2_000


async def test_what_may_not_be_changes_nothing(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    for person, wanted, status in (
        (boris, Wanted("online"), 403),
        (anna, Wanted("online", "x" * 1_000), 400),
        (anna, Wanted("online", is_busy=True, busy_until=1), 400),
    ):
        with pytest.raises(Refused) as refused:
            await set_presence(world.commands, person.asker, anna.user, wanted)
        assert refused.value.refusal.status == status
    assert await rows(world) == {}
    assert world.queries.live.presence.find(anna.user) is None


@pytest.mark.settings(presence="off")
async def test_where_presence_is_off_nothing_is_written(world: World) -> None:
    anna = await world.person(ANNA)
    await put(world, anna, Wanted("online", "lunch", True))
    await (await conversation(world, anna)).say(anna)
    await note_active(world.commands)
    assert await rows(world) == {}


async def test_coming_online_writes_nothing_until_it_is_noted_with_others(world: World) -> None:
    people = await world.people(ANNA, BORIS, CARLA)
    for person in people:
        await person.get("/sync")
    await tell_changes(world.commands)
    assert await rows(world) == {}
    await note_active(world.commands)
    assert (await rows(world)).keys() == {person.user for person in people}
    world.clock.advance(ms=GRACE_MS)
    await people[0].get("/sync")
    await people[1].get("/sync", set_presence="unavailable")
    before = await rows(world)
    await note_active(world.commands)
    after = await rows(world)
    assert {user for user in after if after[user] != before[user]} == {people[0].user}


async def test_more_people_than_fit_into_one_transaction(world: World) -> None:
    anna = await world.person(ANNA)
    live = world.queries.live.presence
    for number in range(SLICE + 1):
        live.touch(UserId(f"@p{number}:veche.test"), anna.asker.device, "online")
    live.touch(anna.user, anna.asker.device, "online")
    await note_active(world.commands)
    assert live.take_active(1) == []
    assert (await rows(world)).keys() == {anna.user}, "the others have no accounts"


async def test_activity_is_writing_reading_and_typing(world: World) -> None:
    anna = await world.person(ANNA)
    room, ctx, live = await conversation(world, anna), world.commands, world.queries.live.presence
    await anna.get("/sync")
    event = await room.say(anna)
    deeds: tuple[Callable[[], Awaitable[object]], ...] = (
        lambda: room.say(anna),
        lambda: set_state(ctx, anna.asker, room.room, Draft("m.room.topic", {"topic": "tea"}, "")),
        lambda: send_receipt(ctx, anna.asker, room.room, "m.read", event),
        lambda: set_read_markers(ctx, anna.asker, room.room, ReadMarkers(fully_read=event)),
        lambda: set_typing(ctx, anna.asker, room.room, anna.user, is_typing=True, timeout_ms=None),
        lambda: redact_event(ctx, anna.asker, room.room, event, None, "r"),
    )
    for number, deed in enumerate(deeds):
        world.clock.advance(seconds=20)
        live.take_active(1)
        await deed()
        (noted,) = live.take_active(1)
        assert noted[0] == anna.user, number
        live.touch(anna.user, anna.asker.device, "online")


async def test_somebody_who_never_synced_is_told_of_as_well(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    await conversation(world, anna, boris)
    since = (await anna.get("/sync", set_presence="offline")).ok()["next_batch"]
    for person in (boris, carla):
        await put(world, person, Wanted("online", "no client"))
    assert world.queries.live.notifier.feed(boris.user) is None
    await tell_changes(world.commands)
    (event,) = (await anna.get("/sync", since=since, set_presence="offline")).ok()["presence"]["events"]
    assert event["sender"] == boris.user


async def test_whose_rooms_cannot_be_followed_yet_has_to_wait(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = await world.person(ANNA)
    await put(world, anna, Wanted("online"))
    live = world.queries.live
    with monkeypatch.context() as blind:
        blind.setattr(live.notifier, "open", lambda *given: None)
        await tell_changes(world.commands)
    assert live.presence.told_since(0) == []
    await tell_changes(world.commands)
    assert [one.user for one in live.presence.told_since(0)] == [anna.user]
