"""The quick path, from memory, and the general one, from the database, give the same bytes in the same situation."""

import json
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import msgspec
import pytest

from tests.cast import ANNA, BORIS, CARLA, DMITRI, id_of
from tests.effort import effort
from tests.parity.client import Differs, Shape
from tests.parity.deeds import Deeds
from tests.stage.people import Person
from tests.stage.presence import by_hand
from tests.stage.world import World
from veche.commands.presence import tell_changes
from veche.domain.account_data import Filter
from veche.domain.ids import Position
from veche.domain.sessions import Asker
from veche.live.notifier import Feed
from veche.live.presence import Presence
from veche.queries.context import ReadContext
from veche.queries.sync import presence, sharing
from veche.queries.sync.counting import Count
from veche.queries.sync.general import general_answer
from veche.queries.sync.loop import answer, circumstances_of, feed_of
from veche.queries.sync.quick import General, quick_answer
from veche.queries.sync.wish import SyncToken, SyncWish, token_from

LATE = 4_000_000_000_000
"""The moment at which everybody looks: age stands in the bytes."""
SHAPES = (
    Shape(),
    Shape(lazy=True),
    Shape(by_thread=True),
    Shape(after=True, lazy=True, by_thread=True),
    Shape(limit=2),
    Shape(lazy=True, presence={"not_senders": [id_of(BORIS)], "limit": 2}),
)
KINDS = ("plain", "plain", "mention", "everybody", "name", "image", "encrypted", "thread", "edit", "reaction")
ORDINARY = (
    *("own event", "event of own other device", "somebody else's event", "several events", "several rooms"),
    *("lazy", "by thread", "state after", "thread", "edit", "mention of somebody else", "receipt", "typing"),
    *("presence", "presence beside messages", "own presence", "presence with somebody ignored", "presence filtered"),
)
"""What the quick path has to manage by itself now and then, or it would not be worth having."""


class Viewer:
    """Somebody who looks at everything in one way; ``tokens`` are where they stood, the newest last."""

    def __init__(self, asker: Asker, shape: Shape) -> None:
        self.asker = asker
        self.shape = shape
        self.filter = msgspec.convert(shape.filter, Filter)
        self.tokens: list[SyncToken] = []

    def wish(self, since: SyncToken | None) -> SyncWish:
        """What they ask for."""
        return SyncWish(since, self.filter, wants_state_after=self.shape.after)


class Situations:
    """People in some rooms, who do things that are told from memory, and sometimes others."""

    def __init__(self, world: World, chance: Random) -> None:
        self.world = world
        self.chance = chance
        self.ctx: ReadContext = msgspec.structs.replace(world.queries, clock=lambda: LATE)
        self.deeds = Deeds(world)
        self.people: list[Person] = []
        self.viewers: list[Viewer] = []
        self.happened: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()

    async def begin(self) -> None:
        """Bring the people together and let everybody look once in every way."""
        self.people = await self.world.people(ANNA, BORIS, CARLA, DMITRI)
        tablet = await self.world.device(self.people[0].user, "TABLET")
        for named in (True, False):
            room = await self.deeds.found(self.people[0], "shared", "public", named=named)
            for person in self.people[1:]:
                await self.deeds.move(person, room, "join", "")
        self.people.append(tablet)
        (carla,) = self.people[2:3]
        await self.deeds.ignore(carla, [self.people[3].user])
        for person in (*self.people[:2], tablet, carla):
            for number, shape in enumerate(SHAPES):
                device = await self.world.device(person.user, f"{person.asker.device}{number}")
                owner = person if shape == SHAPES[0] else device
                self.viewers.append(Viewer(owner.asker, shape))
        for viewer in self.viewers:
            viewer.tokens.append(_token(await answer(self.ctx, viewer.asker, viewer.wish(None))))

    async def happen(self) -> None:
        """Let a few things happen."""
        chance = self.chance
        self.happened.clear()
        if chance.random() < 0.3:
            await self.appear()
        if chance.random() < 0.1:
            await self.deeds.set_state(chance.choice(self.people), self._room(), "m.room.topic", chance.randrange(9))
        for _ in range(chance.choice((1, 1, 1, 2, 4))):
            await chance.choice((self._say, self._say, self._say, self._read, self._type))()

    async def look(self, viewer: Viewer) -> None:
        """Let a viewer ask for news in both ways, and raise ``Differs`` where the bytes are not the same."""
        ctx, asker = self.ctx, viewer.asker
        wish = viewer.wish(self.chance.choice(viewer.tokens[-3:]))
        feed = await feed_of(ctx, asker)
        quick = quick_answer(ctx, feed, asker, wish)
        if not isinstance(quick, General):
            circumstances = circumstances_of(ctx, feed, asker, wish)
            general = await ctx.reader.run(general_answer(ctx, asker, wish, circumstances))
            if quick != (None if general.is_empty else general.body):
                raise Differs(f"{viewer.shape}\n  quick:   {quick!r}\n  general: {general.body!r}")
        if isinstance(quick, bytes):
            self._note(viewer, json.loads(quick))
        told = quick if isinstance(quick, bytes) else await answer(ctx, asker, viewer.wish(viewer.tokens[-1]))
        if self.chance.random() < 0.8:
            viewer.tokens.append(_token(told))

    async def _say(self) -> None:
        person, kind, other = (
            self.chance.choice(self.people),
            self.chance.choice(KINDS),
            self.chance.choice(self.people),
        )
        await self.deeds.say(person, self._room(), kind, self.chance.randrange(12), other.user)
        self.happened[kind] += 1

    async def _read(self) -> None:
        person, kind = self.chance.choice(self.people), self.chance.choice(("m.read", "m.read.private"))
        await self.deeds.read(person, self._room(), kind, self.chance.randrange(3), threaded=self.chance.random() < 0.3)

    async def _type(self) -> None:
        person, typing = self.chance.choice(self.people), self.chance.random() < 0.6
        body: dict[str, Any] = {"typing": typing, **({"timeout": 60_000} if typing else {})}
        await person.put(f"/rooms/{self._room()}/typing/{person.user}", body)

    async def appear(self) -> None:
        """Some of them say how they are doing; now and then it is told to the others."""
        for person in self.chance.sample(self.people, k=2):
            body: dict[str, Any] = {"presence": self.chance.choice(("online", "unavailable", "offline", "busy"))}
            if self.chance.random() < 0.3:
                body["status_msg"] = self.chance.choice(("lunch", ""))
            await person.put(f"/presence/{person.user}/status", body)
        if self.chance.random() < 0.7:
            await tell_changes(self.world.commands)

    def _room(self) -> str:
        return self.chance.choice(self.deeds.rooms)

    def _note(self, viewer: Viewer, told: dict[str, Any]) -> None:
        """Take down which ordinary things the quick path has just told."""
        rooms = told.get("rooms", {"join": {}})["join"].values()
        seen = {event["sender"] for event in told.get("presence", {"events": []})["events"]}
        others = seen - {viewer.asker.user}
        events = [event for room in rooms for event in room["timeline"]["events"]]
        ephemeral = {event["type"] for room in rooms for event in room.get("ephemeral", {}).get("events", [])}
        mentioned = {user for one in events for user in one["content"].get("m.mentions", {}).get("user_ids", [])}
        relations = {one["content"].get("m.relates_to", {}).get("rel_type") for one in events}
        own = [event for event in events if event["sender"] == viewer.asker.user]
        self.answered += Counter(
            {
                "own event": any("transaction_id" in event["unsigned"] for event in own),
                "event of own other device": any("transaction_id" not in event["unsigned"] for event in own),
                "somebody else's event": len(events) > len(own),
                "several events": len(events) > 1,
                "several rooms": len(rooms) > 1,
                "lazy": viewer.shape.lazy and bool(events),
                "by thread": viewer.shape.by_thread and bool(events),
                "state after": viewer.shape.after,
                "thread": "m.thread" in relations,
                "edit": "m.replace" in relations,
                "mention of somebody else": bool(mentioned - {viewer.asker.user}),
                "receipt": "m.receipt" in ephemeral,
                "typing": "m.typing" in ephemeral,
                "presence": bool(others),
                "presence beside messages": bool(others and events),
                "own presence": viewer.asker.user in seen,
                "presence with somebody ignored": bool(others) and viewer.asker.user == self.people[2].user,
                "presence filtered": bool(others) and bool(viewer.shape.presence),
            }
        )


async def look_at_all(world: World, many: int) -> Counter[str]:
    """Let viewers look at so many situations; return how often the quick path answered, by what it told."""
    situations = Situations(world, Random(many))
    await situations.begin()
    for _ in range(many):
        await situations.happen()
        viewers = situations.chance.sample(situations.viewers, k=5)
        for viewer in viewers:
            await situations.look(viewer)
        if situations.chance.random() < 0.3:
            await situations.appear()
            for viewer in viewers:
                await situations.look(viewer)
    return situations.answered


@pytest.fixture(autouse=True)
def rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Presence is told when these tests say so."""
    by_hand(monkeypatch)


@pytest.mark.settings(presence="on")
async def test_memory_and_database_give_the_same_bytes(world: World) -> None:
    answered = await look_at_all(world, effort("quick_situations"))
    assert [case for case in ORDINARY if answered[case] < 3] == []


def own_messages_count(patch: pytest.MonkeyPatch) -> None:
    """Sending does not move one's own read mark."""
    patch.setattr(Count, "follow", lambda self, user, entry: setattr(self, "position", entry.position))


def transactions_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A device is not told which of its messages an event is."""
    encoded = sharing._encoded  # noqa: SLF001
    patch.setattr(sharing, "_encoded", lambda events, asker, now: encoded(events, None, now))


def receipts_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Nobody is told how far others have read."""
    patch.setattr("veche.queries.sync.quick.receipts_of", lambda ctx, entries: [])


def presence_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Nobody is told how others are doing."""
    patch.setattr(presence, "from_memory", lambda *given: b"")


def ignored_people_are_heard(patch: pytest.MonkeyPatch) -> None:
    """Memory thinks that nobody is ignored."""
    from_memory = presence.from_memory

    def deaf(ctx: ReadContext, feed: Feed, *rest: Any) -> bytes | None:
        feed.ignored = (Position(0), frozenset())
        return from_memory(ctx, feed, *rest)

    patch.setattr(presence, "from_memory", deaf)


def old_ages_are_told(patch: pytest.MonkeyPatch) -> None:
    """What was encoded for others is used although somebody has been active since."""
    patch.setattr(Presence, "_note", lambda self, person, now: setattr(person, "last_active", now))


PLANTS: tuple[Callable[[pytest.MonkeyPatch], None], ...] = (
    own_messages_count,
    transactions_are_forgotten,
    receipts_are_forgotten,
    presence_is_forgotten,
    ignored_people_are_heard,
    old_ages_are_told,
)


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.settings(presence="on")
@pytest.mark.parametrize("plant", PLANTS)
async def test_a_planted_bug_is_found(
    world: World, monkeypatch: pytest.MonkeyPatch, plant: Callable[[pytest.MonkeyPatch], None]
) -> None:
    plant(monkeypatch)
    with pytest.raises(Differs):
        await look_at_all(world, effort("quick_situations"))


def _token(text: bytes) -> SyncToken:
    return token_from(json.loads(text)["next_batch"])
