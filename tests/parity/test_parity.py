"""Stateful stories on both engines: whatever people do, clients that sync now and then hold what is true."""

import asyncio
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.effort import depth, effort
from tests.parity.client import Differs, Shape
from tests.parity.deeds import VISIBILITIES
from tests.parity.story import Story
from tests.stage.people import Person
from tests.stage.world import World

SEEDS = st.builds(lambda high, low: 100 * high + low, st.integers(0, 99), st.integers(0, 99))
"""In two parts, since among larger numbers the small ones would be drawn again and again."""
MESSAGES = ("plain", "mention", "everybody", "name", "image", "encrypted", "thread", "edit", "reaction", "reference")
STATES = ("m.room.name", "m.room.topic", "m.room.history_visibility", "m.room.join_rules", "org.veche.note")
TIMELINES: tuple[dict[str, Any], ...] = (
    {},
    {"types": ["m.room.message"]},
    {"not_types": ["m.room.member", "m.reaction"]},
    {"types": ["m.room.*", "org.*"]},
    {"contains_url": True},
)
STATE_FILTERS: tuple[dict[str, Any], ...] = ({}, {"not_types": ["m.room.topic", "org.*"]}, {"types": ["m.room.name"]})
DATA_FILTERS: tuple[dict[str, Any], ...] = ({}, {"types": ["m.tag"]}, {"not_types": ["m.tag", "org.veche.*"]})

usual_shapes = st.builds(
    Shape,
    limit=st.sampled_from((None, 1, 2)),
    lazy=st.sampled_from((True, True, False)),
    by_thread=st.booleans(),
    after=st.booleans(),
)
odd_shapes = st.builds(
    Shape,
    limit=st.sampled_from((None, 1, 2, 3, 5, 20)),
    lazy=st.booleans(),
    redundant=st.sampled_from((False, False, True)),
    by_thread=st.booleans(),
    after=st.booleans(),
    timeline=st.sampled_from(TIMELINES),
    state=st.sampled_from(({}, *STATE_FILTERS)),
    ephemeral=st.sampled_from(({}, {}, {"not_types": ["m.receipt"]})),
    account_data=st.sampled_from(({}, *DATA_FILTERS)),
    page=st.integers(1, 20),
    pages_to_token=st.booleans(),
)
shapes = usual_shapes | odd_shapes


class Found(BaseException):
    """A planted bug was noticed; not an ``Exception``, since hypothesis would look for a shorter story."""


class Stories(RuleBasedStateMachine):
    """One story after the other in the same world. Hypothesis chooses what happens, a seed each time how.

    After every deed some clients ask for news; now and then an answer is lost on its way.
    """

    world: World
    runner: asyncio.Runner
    is_planted: bool

    def __init__(self) -> None:
        super().__init__()
        self.story = Story(self.world)
        self.is_well = False

    @initialize(chosen=st.tuples(shapes, shapes, shapes, shapes), excluded=st.sampled_from((None, None, 0, 1)))
    def begin(self, chosen: tuple[Shape, ...], excluded: int | None) -> None:
        self.do(self._begin(list(chosen), excluded))

    @rule(seed=SEEDS)
    def talk(self, seed: int) -> None:
        self.happen(seed, self._talk)

    @rule(seed=SEEDS)
    def converse(self, seed: int) -> None:
        self.happen(seed, self._converse)

    @rule(seed=SEEDS)
    def set_state(self, seed: int) -> None:
        self.happen(seed, self._set_state)

    @rule(seed=SEEDS)
    def come_and_go(self, seed: int) -> None:
        self.happen(seed, self._come_and_go)

    @rule(seed=SEEDS)
    def send_away(self, seed: int) -> None:
        self.happen(seed, self._send_away)

    @rule(seed=SEEDS)
    def redact(self, seed: int) -> None:
        self.happen(seed, self._redact)

    @rule(seed=SEEDS)
    def read(self, seed: int) -> None:
        self.happen(seed, self._read)

    @rule(seed=SEEDS)
    def keep(self, seed: int) -> None:
        self.happen(seed, self._keep)

    @rule(seed=SEEDS)
    def choose_what_is_loud(self, seed: int) -> None:
        self.happen(seed, self._choose_what_is_loud)

    @rule(seed=SEEDS)
    def change_oneself(self, seed: int) -> None:
        self.happen(seed, self._change_oneself)

    @rule(seed=SEEDS)
    def tell_device(self, seed: int) -> None:
        self.happen(seed, self._tell_device)

    @rule(seed=SEEDS)
    def found_a_third_room(self, seed: int) -> None:
        if len(self.story.deeds.rooms) == 2:
            self.happen(seed, self._found)

    @rule(seed=SEEDS)
    def restart(self, seed: int) -> None:
        self.happen(seed, self._restart)

    @rule(seed=SEEDS)
    def compare(self, seed: int) -> None:
        self.happen(seed, self._compare)

    def teardown(self) -> None:
        if self.is_well:
            self.do(self._end())

    def happen(self, seed: int, deed: Callable[[Random], Coroutine[Any, Any, None]]) -> None:
        """Let something happen, and whoever it occurs to ask for news."""
        self.do(self._happen(Random(seed), deed))

    def do(self, deed: Coroutine[Any, Any, None]) -> None:
        """Run a part of the story; ``is_well`` says that nothing has gone wrong so far."""
        self.is_well = False
        try:
            self.runner.run(deed)
        except Differs as found:
            if self.is_planted:
                raise Found from found
            raise
        self.is_well = True

    async def _begin(self, chosen: list[Shape], excluded: int | None) -> None:
        story = self.story
        await story.begin()
        anna, boris, carla, _ = story.people
        if excluded is not None:
            chosen[2] = chosen[2].without_room(story.deeds.rooms[excluded])
        for person, shape, device in zip((anna, anna, boris, carla), chosen, (None, "TABLET", None, None), strict=True):
            await story.observe(person, shape, device=device)
        for observer in story.observers[:3]:  # the fourth comes later, in the middle of everything
            await story.sync(observer)

    async def _end(self) -> None:
        """Whatever has happened, a few more things do, and then everything is compared."""
        chance, observers = Random(len(self.story.history.moments)), self.story.observers
        await self._leave_and_return(chance)
        chance.choice(observers).client.forget_everything()
        if chance.random() < 0.3:
            await self.story.ignore(self._person(chance), self.story.people[3])
        await self._ask_for_news(chance, 1.0)
        for room in self.story.deeds.rooms:
            for person in chance.sample(self.story.people, k=4):
                await self.story.deeds.say(person, room, chance.choice(MESSAGES), chance.randrange(5), person.user)
                await self._ask_for_news(chance, 0.6, lossy=0.4)
        for _ in range(3):
            await self._keep(chance)
        for observer in observers:
            await self.story.compare(observer)

    async def _leave_and_return(self, chance: Random) -> None:
        person, room, deeds = self._person(chance), self._room(chance), self.story.deeds
        for deed in ("leave", "read", "invite", "join"):
            if deed == "read":
                for other in self.story.people:
                    await deeds.read(other, room, "m.read", chance.randrange(4), threaded=False)
            else:
                await deeds.move(deeds.founders[room] if deed == "invite" else person, room, deed, person.user)
            await self.story.note_moment()
            await self._ask_for_news(chance, 0.7, lossy=0.0)

    async def _happen(self, chance: Random, deed: Callable[[Random], Coroutine[Any, Any, None]]) -> None:
        await deed(chance)
        await self._ask_for_news(chance, 0.35)

    async def _ask_for_news(self, chance: Random, likely: float, lossy: float = 0.2) -> None:
        for observer in chance.sample(self.story.observers, k=len(self.story.observers)):
            if chance.random() < likely:
                lost, full = chance.random() < lossy, chance.random() < 0.05
                await self.story.sync(observer, is_lost=lost, full_state=full)

    async def _talk(self, chance: Random) -> None:
        room = self._room(chance)
        for _ in range(chance.choice((1, 1, 2, 3, 6))):
            await self._say(chance, room)

    async def _converse(self, chance: Random) -> None:
        """They talk while their clients look on."""
        room = self._room(chance)
        for _ in range(chance.choice((2, 3))):
            await self._say(chance, room)
            await self._ask_for_news(chance, 0.7)

    async def _say(self, chance: Random, room: str) -> None:
        device = chance.choice([*self.story.people, self.story.observers[1].client.person])
        kind, other = chance.choice(MESSAGES), self._person(chance).user
        await self.story.deeds.say(device, room, kind, chance.randrange(5), other)

    async def _set_state(self, chance: Random) -> None:
        kind = chance.choice(STATES)
        await self.story.deeds.set_state(self._person(chance), self._room(chance), kind, chance.randrange(12))

    async def _come_and_go(self, chance: Random) -> None:
        person, room = self._person(chance), self._room(chance)
        for deed in chance.choice((("leave",), ("join",), ("leave", "join"), ("leave", "forget"), ("knock",))):
            await self.story.deeds.move(person, room, deed, "")
            await self.story.note_moment()

    async def _send_away(self, chance: Random) -> None:
        person, room, other = self._person(chance), self._room(chance), self._person(chance)
        for deed in chance.choice((("invite",), ("invite",), ("kick",), ("kick", "ban"), ("ban",), ("unban",))):
            await self.story.deeds.move(person, room, deed, other.user)
            await self.story.note_moment()

    async def _redact(self, chance: Random) -> None:
        await self.story.deeds.redact(self._person(chance), self._room(chance), chance.randrange(6))

    async def _read(self, chance: Random) -> None:
        kind = chance.choice(("m.read", "m.read", "m.read.private", "m.fully_read"))
        person, room, threaded = self._person(chance), self._room(chance), chance.random() < 0.5
        await self.story.deeds.read(person, room, kind, chance.randrange(4), threaded=threaded)

    async def _keep(self, chance: Random) -> None:
        person, kind = self._person(chance), chance.choice(("tag", "tag", "untag", "one", "two"))
        room = self._room(chance) if "tag" in kind or chance.random() < 0.7 else None
        await self.story.deeds.keep(person, room, kind, chance.randrange(4))

    async def _choose_what_is_loud(self, chance: Random) -> None:
        person = self._person(chance)
        if chance.random() < 0.3:
            await self.story.ignore(person, self.story.people[3])
        else:
            await self.story.deeds.hush(person, self._room(chance), chance.randrange(4))

    async def _change_oneself(self, chance: Random) -> None:
        person = self._person(chance)
        if chance.random() < 0.5:
            await self.story.deeds.rename(person, chance.randrange(100))
        elif (await self.story.deeds.upload_keys(person)).status == 200:
            await self.story.note_moment(person.user)

    async def _tell_device(self, chance: Random) -> None:
        observer = chance.choice(self.story.observers)
        await self.story.tell_device(self._person(chance), observer, chance.choice((1, 1, 2, 130)))

    async def _found(self, chance: Random) -> None:
        visibility, join_rule = chance.choice(VISIBILITIES), chance.choice(("public", "invite"))
        await self.story.deeds.found(self._person(chance), visibility, join_rule, named=chance.random() < 0.5)
        await self.story.note_moment()

    async def _restart(self, chance: Random) -> None:
        """The server begins with an empty memory, or a client does."""
        if chance.random() < 0.4:
            await self.world.restart()
        else:
            chance.choice(self.story.observers).client.forget_everything()

    async def _compare(self, chance: Random) -> None:
        await self.story.compare(chance.choice(self.story.observers))

    def _person(self, chance: Random) -> Person:
        return chance.choice(self.story.people)

    def _room(self, chance: Random) -> str:
        return chance.choice(self.story.deeds.rooms)


def tell_stories(world: World, runner: asyncio.Runner, *, is_planted: bool = False) -> None:
    """Run as many stories as the depth asks for; the same ones each time at the CI's.

    With ``is_planted`` the first that fails is enough: ``Found`` is raised.
    """

    class Machine(Stories):
        pass

    Machine.world, Machine.runner, Machine.is_planted = world, runner, is_planted
    chosen = settings(
        max_examples=effort("parity_stories"),
        stateful_step_count=effort("parity_steps"),
        deadline=None,
        derandomize=depth() == "ci",
        database=None,
        report_multiple_bugs=False,
        print_blob=False,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Machine, settings=chosen)


def test_increments_equal_a_full_sync(world: World, runner: asyncio.Runner) -> None:
    tell_stories(world, runner)
