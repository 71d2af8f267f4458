"""Following the log: what is wanted comes once and in order, also after a restart; a fault holds nobody up for ever."""

from collections.abc import Sequence
from typing import Any, get_args

import pytest

from tests.cast import ANNA, BORIS
from tests.stage.rooms import found, say
from tests.stage.world import World
from veche.domain.facts import Entry, FactKind, ReplayedKind
from veche.domain.ids import Position
from veche.domain.refusals import Refusal, Refused
from veche.live.tail import Tail
from veche.queries.operation import cursor_of
from veche.workers import following
from veche.workers.following import Following, Worker


class Notes:
    """A worker that writes down what it is given; it fails at the positions in ``bad``."""

    def __init__(self, *wants: ReplayedKind) -> None:
        self.given: list[tuple[Position, FactKind]] = []
        self.bad: set[Position] = set()
        self.refused = 0
        self.tries = 0
        self.worker = Worker("notes", frozenset(wants), self.step)

    async def step(self, entries: Sequence[Entry]) -> None:
        self.tries += 1
        if self.refused:
            self.refused -= 1
            raise Refused(Refusal("M_UNKNOWN", 503, "not now"))
        if self.bad.intersection(entry.position for entry in entries):
            raise ValueError("a bad fact")
        self.given += [(entry.position, entry.fact.kind) for entry in entries]


async def begun(world: World, notes: Notes) -> Following:
    one = Following(world.commands, world.queries, notes.worker)
    await one.begin()
    return one


async def all_of(one: Following) -> None:
    while await one.advance():
        pass


async def positions(world: World, after: Position) -> list[Position]:
    found = await world.queries.reader.run(lambda at: at.all("SELECT position FROM events WHERE position > ?", after))
    return sorted(Position(row[0]) for row in found)


async def test_it_begins_at_the_head_and_is_given_what_follows(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    notes = Notes("event")
    one = await begun(world, notes)
    head = one.cursor
    await say(anna, room)
    await say(anna, room)
    await all_of(one)
    assert [at for at, _ in notes.given] == await positions(world, head)
    assert len(notes.given) == 2


async def test_what_came_while_it_was_away_is_read_from_the_database(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    all_kinds = get_args(ReplayedKind)
    first = await begun(world, Notes(*all_kinds))
    head = first.cursor
    said = await say(anna, room)
    await say(anna, room)
    (await boris.post(f"/rooms/{room}/receipt/m.read/{said}", {})).ok()
    await world.restart()
    notes = Notes(*all_kinds)
    await all_of(await begun(world, notes))
    assert [at for at, kind in notes.given if kind == "event"] == await positions(world, head)
    assert {kind for _, kind in notes.given} == set(all_kinds)
    assert [at for at, _ in notes.given] == sorted(at for at, _ in notes.given)


async def test_what_was_done_is_not_given_again_once_the_cursor_is_kept(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    one = await begun(world, Notes("event"))
    await say(anna, room)
    await all_of(one)
    await one.save()
    await world.restart()
    notes = Notes("event")
    await all_of(await begun(world, notes))
    assert notes.given == []


async def test_the_cursor_is_kept_now_and_then(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    one = await begun(world, Notes("event"))
    before = one.cursor
    await say(anna, room)
    await all_of(one)
    assert await cursor_of(world.queries, "notes") == before
    world.clock.advance(seconds=3)
    await say(anna, room)
    await all_of(one)
    assert (await cursor_of(world.queries, "notes") or 0) > before


async def test_a_long_absence_is_made_good_in_batches(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "MOST_AT_ONCE", 3)
    anna = await world.person(ANNA)
    room = await found(anna)
    one = await begun(world, Notes("event"))
    head = one.cursor
    for _ in range(4):
        await say(anna, room)
    await world.restart()
    for _ in range(4):
        await say(anna, room)
    notes = Notes("event")
    await all_of(await begun(world, notes))
    assert [at for at, _ in notes.given] == await positions(world, head)
    assert notes.tries >= 3


async def test_a_step_that_fails_is_tried_again_and_in_the_end_stepped_over(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(following, "PAUSES", (0.0, 0.0))
    anna = await world.person(ANNA)
    room = await found(anna)
    notes = Notes("event")
    one = await begun(world, notes)
    for _ in range(3):
        await say(anna, room)
    came = await positions(world, one.cursor)
    notes.bad = {came[1]}
    await all_of(one)
    assert [at for at, _ in notes.given] == [came[0], came[2]]
    assert f"stepped over the fact at position {came[1]}" in caplog.text


async def test_it_wakes_when_something_was_told(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    notes = Notes("event")
    one = await begun(world, notes)
    await all_of(one)
    await say(anna, room)
    await one.news()
    await all_of(one)
    assert len(notes.given) == 1


async def test_what_the_storage_cannot_do_now_is_tried_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "PAUSES", (0.0, 0.0))
    anna = await world.person(ANNA)
    room = await found(anna)
    notes = Notes("event")
    notes.refused = 1
    one = await begun(world, notes)
    await say(anna, room)
    await all_of(one)
    assert notes.tries == 2
    assert len(notes.given) == 1


@pytest.mark.parametrize("name", ["cursor_of", "save_cursor", "entries_after"])
async def test_what_it_reads_and_keeps_itself_is_tried_again_too(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    monkeypatch.setattr(following, "PAUSES", (0.0,))
    anna = await world.person(ANNA)
    room = await found(anna)
    real = getattr(following, name)
    faults = [RuntimeError("odd"), Refused(Refusal("M_UNKNOWN", 503, "the storage is away"))] * 2

    async def bad(*given: Any) -> Any:
        if faults:
            raise faults.pop()
        return await real(*given)

    monkeypatch.setattr(following, name, bad)
    notes = Notes("event")
    one = await begun(world, notes)
    head = one.cursor
    await say(anna, room)
    if name == "entries_after":
        monkeypatch.setattr(Tail, "since", lambda *_: None)
    await all_of(one)
    assert faults == []
    assert [at for at, _ in notes.given] == await positions(world, head)
    assert ": the storage is away" in caplog.text
    assert "RuntimeError: odd" in caplog.text


@pytest.mark.parametrize(
    "fault", [Refused(Refusal("M_RESOURCE_LIMIT_EXCEEDED", 507, "no space is left")), RuntimeError("no space is left")]
)
async def test_a_cursor_that_cannot_be_kept_is_told_of(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, fault: Exception
) -> None:
    async def full(*_: object) -> None:
        raise fault

    anna = await world.person(ANNA)
    room = await found(anna)
    one = await begun(world, Notes("event"))
    before = one.cursor
    await say(anna, room)
    await all_of(one)
    monkeypatch.setattr(following, "save_cursor", full)
    await one.save()
    assert "the cursor could not be kept" in caplog.text
    assert ": no space is left" in caplog.text
    assert await cursor_of(world.queries, "notes") == before
