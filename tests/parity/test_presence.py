"""Stories of presence on both engines: everybody is told how those around them are doing, and nobody else is."""

import asyncio
from collections.abc import Callable
from itertools import count
from random import Random
from typing import Any

import msgspec
import pytest

from tests.cast import ANNA, BORIS, CARLA, DMITRI
from tests.effort import effort
from tests.parity.client import Differs
from tests.parity.deeds import Deeds
from tests.parity.presence import Content, Filter, Society, Viewer
from tests.stage.asgi import Exchange
from tests.stage.people import Person
from tests.stage.presence import by_hand
from tests.stage.world import Clock, World
from veche.commands.presence import note_active, tell_changes
from veche.domain import presence as rules
from veche.domain.account_data import EventFilter
from veche.domain.ids import Position
from veche.domain.presence import Known as Stored
from veche.live.counter import Counter
from veche.live.notifier import Feed, Notifier
from veche.live.presence import Person as Known
from veche.live.presence import Presence, people
from veche.queries.sync import presence as stream
from veche.storage import presence as rows

pytestmark = pytest.mark.settings(presence="on")

BEGINNING = 1_800_000_000_000
STATES = ("online", "online", "unavailable", "offline")
WORDS = ("online", "unavailable", "offline", "busy", "org.matrix.msc3026.busy")
FILTERS: tuple[Filter, ...] = ({}, {}, {}, {"types": ["m.presence"]}, {"not_types": ["m.*"]})
PAUSES = (1_500, 20_000, 44_999, 45_000, 90_000, 300_000)
_stories = count(1)


@pytest.fixture(autouse=True)
def time_and_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both come when a story says so."""
    by_hand(monkeypatch)
    monkeypatch.setattr(Clock, "__call__", lambda self: BEGINNING + self._ahead)


class Story:
    """Four people, of whom Anna has two devices and Dmitri none that syncs."""

    def __init__(self, world: World, chance: Random) -> None:
        self.world = world
        self.chance = chance
        self.deeds = Deeds(world)
        self.people: list[Person] = []
        self.viewers: list[tuple[Person, Viewer]] = []
        self.society = Society([])
        self.polls: list[tuple[Person, Exchange]] = []
        self.log: list[str] = []

    @property
    def now(self) -> int:
        """The moment at which time stands."""
        return self.world.clock()

    async def tell(self, steps: int) -> None:
        """Tell the whole story; what goes wrong is told with what had happened."""
        try:
            await self._begin()
            for _ in range(steps):
                await self._happen()
            await self._compare()
        except Differs as differs:
            raise Differs("\n".join([*self.log, str(differs)])) from None
        finally:
            for _, poll in self.polls:
                await poll.hang_up()

    async def _begin(self) -> None:
        number = next(_stories)
        self.people = await self.world.people(*(f"{name}{number}" for name in (ANNA, BORIS, CARLA, DMITRI)))
        tablet = await self.world.device(self.people[0].user, "TABLET")
        self.society = Society([person.user for person in self.people])
        for founder, other in ((0, 1), (2, 3)):
            room = await self.deeds.found(self.people[founder], "shared", "public", named=True)
            await self.deeds.move(self.people[other], room, "join", "")
        for person in (*self.people[:3], tablet):
            others = [other.user for other in self.people if other.user != person.user]
            wanted = self.chance.choice((*FILTERS, {"not_senders": [self.chance.choice(others)]}))
            self.viewers.append((person, Viewer(person.user, wanted)))
        await self._take_down()

    async def _happen(self) -> None:
        deeds = (
            (self._put, 5),
            (self._move, 3),
            (self._write, 2),
            (self._pause, 4),
            (self._round, 6),
            (self._look, 9),
            (self._wait, 2),
            (self._hang_up, 1),
            (self._ignore, 1),
            (self._note, 1),
            (self._restart, 1),
            (self._compare, 2),
        )
        (deed,) = self.chance.choices([deed for deed, _ in deeds], [weight for _, weight in deeds])
        self.log.append(deed.__name__)
        await deed()
        await self._settle()

    async def _put(self) -> None:
        device, word = self._device(), self.chance.choice(WORDS)
        body: Content = {"presence": word}
        human = self.society.people[device.user]
        if self.chance.random() < 0.4:
            body["status_msg"] = self.chance.choice(("lunch", "обед", "", None))
            human.text = body["status_msg"] or None
        if self.chance.random() < 0.4:
            human.is_busy = body["org.veche.busy"] = self.chance.random() < 0.7
            human.until = None
            if human.is_busy and self.chance.random() < 0.7:
                human.until = body["org.veche.until"] = self.now + self.chance.choice((20_000, 60_000, 400_000))
        self.log[-1] += f" {device.asker.device} of {device.user}: {body}"
        (await device.put(f"/presence/{device.user}/status", body)).ok()
        human.put(device.asker.device, "busy" if "busy" in word else word, self.now)

    async def _move(self) -> None:
        person, room = self.chance.choice(self.people), self.chance.choice(self.deeds.rooms)
        for deed in self.chance.choice((("join",), ("join",), ("leave",), ("leave", "join"))):
            self.log[-1] += f" {person.user} {deed} {room}"
            await self.deeds.move(person, room, deed, "")
            await self._take_down()

    async def _write(self) -> None:
        device, room = self._device(), self.chance.choice(self.deeds.rooms)
        self.log[-1] += f" {device.asker.device} of {device.user} in {room}"
        await self.deeds.say(device, room, "plain", 1, "")
        self.society.people[device.user].act(device.asker.device, self.now)

    async def _pause(self) -> None:
        pause = self.chance.choice(PAUSES)
        self.log[-1] += f" {pause}"
        self.world.clock.advance(ms=pause)

    async def _round(self) -> None:
        await tell_changes(self.world.commands)
        self.society.tell(self.now)

    async def _look(self) -> None:
        for device, viewer in self.chance.sample(self.viewers, k=self.chance.choice((1, 2, 4))):
            await self._sync(device, viewer, self.chance.choice(STATES), is_lost=self.chance.random() < 0.2)

    async def _sync(self, device: Person, viewer: Viewer, state: str, *, is_lost: bool = False) -> None:
        self.log.append(f"  {device.asker.device} of {viewer.user} syncs {state} from {viewer.token} lost={is_lost}")
        self.society.people[viewer.user].sync(device.asker.device, state, self.now)
        answer = (await device.get("/sync", **self._query(viewer, state), timeout=0)).ok()
        events = answer.get("presence", {"events": []})["events"]
        told = {event["sender"]: event["content"] for event in events}
        if len(told) != len(events):
            raise Differs(f"somebody is told twice: {events}")
        self.society.look(viewer, told, self.now)
        if not is_lost:
            viewer.take(told)
            viewer.token, viewer.boot = answer["next_batch"], self.society.boot
            viewer.round, viewer.moment = self.society.round, len(self.society.moments) - 1

    async def _wait(self) -> None:
        """A device waits, for as long as nothing concerns it; what it is told at last is lost on its way."""
        device, viewer = self.chance.choice(self.viewers)
        state, notifier = self.chance.choice(STATES), self.world.queries.live.notifier
        if viewer.token is None or any(other is device for other, _ in self.polls):
            return
        self.log[-1] += f" {device.asker.device} of {viewer.user} as {state}"
        waiting = notifier.listeners
        poll = device.begin("GET", "/sync", **self._query(viewer, state), timeout=3_600_000)
        self.society.people[viewer.user].sync(device.asker.device, state, self.now)
        await _until(lambda: not poll.is_waiting or notifier.listeners > waiting)
        if poll.is_waiting:
            self.polls.append((device, poll))
            if state != "offline":
                self.society.people[viewer.user].devices[device.asker.device].waits = True

    async def _hang_up(self) -> None:
        if self.polls:
            await self.chance.choice(self.polls)[1].hang_up()

    async def _settle(self) -> None:
        """Whoever was woken is answered, or waits again."""
        notifier = self.world.queries.live.notifier
        await _until(lambda: notifier.listeners == sum(poll.is_waiting for _, poll in self.polls))
        for device, poll in self.polls:
            if not poll.is_waiting:
                own = self.society.people[device.user].devices.get(device.asker.device)
                if own is not None and own.waits:
                    own.waits, own.seen = False, self.now
        self.polls = [(device, poll) for device, poll in self.polls if poll.is_waiting]

    async def _ignore(self) -> None:
        """As real clients do, all of that person's begin anew."""
        person, other = self.chance.sample(self.people, k=2)
        self.log[-1] += f" {person.user}: {other.user}"
        self.society.ignored[person.user] ^= {other.user}
        await self.deeds.ignore(person, sorted(self.society.ignored[person.user]))
        for _, viewer in self.viewers:
            if viewer.user == person.user:
                viewer.token, viewer.boot, viewer.held = None, 0, {}

    async def _note(self) -> None:
        await note_active(self.world.commands)

    async def _restart(self) -> None:
        for _, poll in self.polls:
            await poll.hang_up()
        await self._settle()
        await self.world.restart()
        noted = {one.user: one.last_active for one in await self.world.queries.reader.run(rows.everybody)}
        self.society.restart({str(user): ts for user, ts in noted.items()}, self.now)

    async def _compare(self) -> None:
        """Everybody is told how things stand, without leaving a trace of having asked."""
        await self._round()
        for device, viewer in self.viewers:
            await self._sync(device, viewer, "offline")
            self.society.compare(viewer, self.now)

    async def _take_down(self) -> None:
        self.society.moments.append(await self.deeds.joined())

    def _device(self) -> Person:
        return self.chance.choice([*self.people, self.viewers[3][0]])

    def _query(self, viewer: Viewer, state: str) -> dict[str, Any]:
        wanted = msgspec.json.encode({"presence": viewer.filter}).decode()
        return {"since": viewer.token, "set_presence": state, "filter": wanted}


async def _until(happened: Callable[[], bool]) -> None:
    for _ in range(10_000):
        if happened():
            return
        await asyncio.sleep(0.001)
    raise Differs("somebody was neither answered nor waits")


async def tell_stories(world: World) -> None:
    """As many stories as the depth asks for."""
    for seed in range(effort("presence_stories")):
        await Story(world, Random(seed)).tell(effort("presence_steps"))


async def test_everybody_is_told_what_they_may_know(world: World) -> None:
    await tell_stories(world)


def strangers_are_told(patch: pytest.MonkeyPatch) -> None:
    """The database is not asked who shares a room."""
    patch.setattr(stream, "_seen", lambda at, question, users: set(users))


def strangers_are_told_from_memory(patch: pytest.MonkeyPatch) -> None:
    """What is answered from memory goes to everybody."""

    def careless(ctx: Any, feed: Feed, wanted: Any, since: Any) -> bytes:
        return stream._encoded(ctx.live.presence.told_since(since.live), wanted, ctx.clock())  # noqa: SLF001

    patch.setattr(stream, "from_memory", careless)


def newcomers_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Who comes to share a room hears only of what changes afterwards."""
    changes = stream.changes
    patch.setattr(
        stream, "changes", lambda at, question, presence, changed, met: changes(at, question, presence, changed, set())
    )


def changes_are_lost_between_rounds(patch: pytest.MonkeyPatch) -> None:
    """A round is not counted, so that a token of before looks like one of afterwards."""
    patch.setattr(Counter, "next", lambda self: self.now)


def nobody_is_marked(patch: pytest.MonkeyPatch) -> None:
    """A round forgets those who do not wait at that moment."""
    tell = Notifier.tell_statuses

    def forgetful(self: Notifier, users: list[Any], count: int) -> int:
        before = {feed: feed.told for feed in self._feeds.values()}
        woken = tell(self, users, count)
        for feed, told in before.items():
            feed.told = feed.told if feed.waiting else told
        return woken

    patch.setattr(Notifier, "tell_statuses", forgetful)


def the_old_is_believed_after_a_restart(patch: pytest.MonkeyPatch) -> None:
    """A client with a token of an earlier process is told of those who are here, not of those who are not."""
    patch.setattr(stream, "everybody", lambda at, question, presence: stream.everything(at, question, presence, None))


def ignored_people_are_heard(patch: pytest.MonkeyPatch) -> None:
    """Memory thinks that nobody is ignored."""
    from_memory = stream.from_memory

    def deaf(ctx: Any, feed: Feed, *rest: Any) -> bytes | None:
        feed.ignored = (Position(0), frozenset())
        return from_memory(ctx, feed, *rest)

    patch.setattr(stream, "from_memory", deaf)


def filters_are_passed_over(patch: pytest.MonkeyPatch) -> None:
    """Everything is told to everybody who may know it."""
    encoded = stream._encoded  # noqa: SLF001
    patch.setattr(stream, "_encoded", lambda people, wanted, now: encoded(people, EventFilter(), now))


def the_last_device_decides(patch: pytest.MonkeyPatch) -> None:
    """Another device that is away hides the one that is not."""

    def last(said: Any, states: list[Any], *rest: Any) -> Any:
        return rules.status_of(said, states[-1:], *rest)

    patch.setattr(people, "status_of", last)


def busy_for_ever(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks when being busy has ended."""
    patch.setattr(Known, "next_look", lambda self, now, idle: None)


def words_die_with_the_process(patch: pytest.MonkeyPatch) -> None:
    """The server begins without what people had said of themselves."""
    everybody = rows.everybody
    patch.setattr(
        rows, "everybody", lambda at: [Stored(one.user, rules.NOTHING_SAID, one.last_active) for one in everybody(at)]
    )


def the_hidden_show_by_what_they_do(patch: pytest.MonkeyPatch) -> None:
    """Writing shows somebody who hides."""
    patch.setattr(Presence, "act", lambda self, user, device: self.put(user, device, "online"))


PLANTS: tuple[Callable[[pytest.MonkeyPatch], None], ...] = (
    strangers_are_told,
    strangers_are_told_from_memory,
    newcomers_are_forgotten,
    changes_are_lost_between_rounds,
    nobody_is_marked,
    the_old_is_believed_after_a_restart,
    ignored_people_are_heard,
    filters_are_passed_over,
    the_last_device_decides,
    busy_for_ever,
    words_die_with_the_process,
    the_hidden_show_by_what_they_do,
)


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize("plant", PLANTS)
async def test_a_planted_bug_is_found(
    world: World, monkeypatch: pytest.MonkeyPatch, plant: Callable[[pytest.MonkeyPatch], None]
) -> None:
    plant(monkeypatch)
    with pytest.raises(Differs):
        await tell_stories(world)
