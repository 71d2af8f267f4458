"""Searching against a plain model that looks at every event: nothing twice, nothing left out, nothing that is not seen.

The windows are made small, so that pages cross many of them.
"""

import math
import random
from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import msgspec
import pytest

from tests.cast import ANNA, BORIS, CARLA
from tests.effort import effort
from tests.stage.people import Person
from tests.stage.rooms import come, found, put_state, redact, relate, say
from tests.stage.searching import all_pages, find, ids, whole_group
from tests.stage.world import World
from veche.domain.ids import Position, RoomId
from veche.domain.search import Key, Page, edited_text, fold, found_in, page_token, term_from, words_in
from veche.domain.search.terms import Term
from veche.domain.timeline import content_of
from veche.queries.search import highlighting, ordering, windows
from veche.queries.timeline.sight import Sight
from veche.storage import account_data, rooms, timeline
from veche.storage.reader import Snapshot
from veche.storage.search import forms_of

WINDOW = 5
TEXT = (
    *("встреча", "встречи", "встречами", "план", "планы", "ёлка", "елкой"),
    *("meeting", "meetings", "réunion", "réunions", "pelican", "a", "b"),
)
TERMS = (
    *("встреча", "встр", "план", "meeting", "réunions", "елка", "pelican", "a", "план встреча", "a b"),
    *('"план встречи"', '"a b" план', "встречи планы meeting", "pel"),
)


class Thing(msgspec.Struct, frozen=True):
    """What can be found, as the model knows it; ``words`` are folded."""

    position: Position
    source: Position
    event_id: str
    room: RoomId
    sender: str
    kind: str
    has_url: bool
    words: tuple[str, ...]
    tokens: frozenset[str]

    def fits(self, term: Term) -> bool:
        """Whether all words are there in any form, and the phrases as they stand."""
        return all(map(self._has, term.words)) and all(self._says(phrase) for phrase in term.phrases)

    def worth(self, term: Term) -> float:
        """How well it fits."""
        typed = tuple(fold(word) for word in term.words)
        is_exact = bool(typed) and all(word in self.words for word in typed)
        is_adjacent = is_exact and len(typed) > 1 and self._says(typed)
        return (1 + is_exact + is_adjacent) / (1 + math.log10(1 + len(self.words)))

    def _has(self, word: str) -> bool:
        forms = forms_of(word)
        begins = len(forms.word) >= 3 and any(token.startswith(forms.word) for token in self.tokens)
        return begins or not self.tokens.isdisjoint((forms.word, *forms.stems))

    def _says(self, phrase: tuple[str, ...]) -> bool:
        places = range(len(self.words) - len(phrase) + 1)
        return any(self.words[at : at + len(phrase)] == phrase for at in places)


@pytest.fixture(autouse=True)
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let windows, and what is read for them at once, be small; and two rooms be many."""
    monkeypatch.setattr(windows, "LARGEST_WINDOW", WINDOW)
    monkeypatch.setattr(windows, "_READ_AT_ONCE", 3)
    monkeypatch.setattr(windows, "FEW_ROOMS", 1)


@pytest.mark.parametrize("few", [0, 3])
async def test_pages_agree_with_a_model_that_looks_at_everything(
    world: World, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(ordering, "FEW", few)  # how well something fits is told by the index, or by the text
    chance = random.Random(effort("searched_stories"))
    people = await world.people(ANNA, BORIS, CARLA)
    told_in = await tell_a_story(chance, people)
    for number in range(effort("searched_stories")):
        person, text, filter_, limit = (
            chance.choice(people),
            chance.choice(TERMS),
            _filter(chance, people, told_in),
            1 + number % 7,
        )
        criteria: dict[str, Any] = {
            "filter": {**filter_, "limit": limit},
            "order_by": chance.choice(("rank", "recent")),
        }
        expected = await model(world, person, text, filter_, by_rank=criteria["order_by"] == "rank")
        pages = await all_pages(person, text, **criteria)
        case = (person.user, text, criteria)
        assert ids(pages) == expected, case
        assert all(len(page["results"]) <= limit for page in pages), case
        assert pages[0]["count"] == min(len(expected), WINDOW), case


async def test_groups_agree_with_it_too(world: World) -> None:
    chance = random.Random(7)
    people = await world.people(ANNA, BORIS, CARLA)
    await tell_a_story(chance, people)
    for order in ("rank", "recent"):
        for key, part in (("sender", "sender"), ("room_id", "room_id")):
            criteria: dict[str, Any] = {
                "groupings": {"group_by": [{"key": key}]},
                "order_by": order,
                "filter": {"limit": 4},
            }
            page = await find(people[0], "встреча", **criteria)
            everything = await all_pages(people[0], "встреча", order_by=order)
            for value in page["groups"][key]:
                shown = await whole_group(people[0], "встреча", key, value, page, **criteria)
                events = [result["result"] for some in everything for result in some["results"]]
                expected = {event["event_id"] for event in events if event[part] == value}
                assert sorted(shown) == sorted(expected), (order, key, value)


async def test_a_tired_search_leaves_nothing_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "_MOST_READ", 4)
    chance = random.Random(8)
    people = await world.people(ANNA, BORIS, CARLA)
    await tell_a_story(chance, people)
    for person in people:
        for order in ("rank", "recent"):
            pages = await all_pages(person, "встреча", order_by=order)
            expected = await model(world, person, "встреча", {}, by_rank=False)
            assert sorted(ids(pages)) == sorted(expected)


@pytest.mark.parametrize("lowest", [0, 1])
@pytest.mark.parametrize("after", [None, (2**62, 2**62)])
async def test_a_made_up_token_reads_no_more_than_an_honest_one(
    world: World, monkeypatch: pytest.MonkeyPatch, lowest: int, after: Key | None
) -> None:
    monkeypatch.setattr(windows, "_MOST_READ", 6)
    anna = await world.person(ANNA)
    room = await found(anna)
    said = [await say(anna, room, f"pelican {number}") for number in range(40)]
    await find(anna, "pelican")
    index = world.queries.search
    assert index is not None
    asked = Mock(side_effect=index.matches)
    monkeypatch.setattr(index, "matches", asked)
    made_up = await find(anna, "pelican", page_token(Page(2**62, lowest, after, 2**62)), filter={"limit": 3})
    assert asked.call_count <= 2 * WINDOW
    assert made_up["count"] <= WINDOW
    rest = await all_pages(anna, "pelican", made_up["next_batch"])
    assert set(ids([made_up, *rest])) <= set(said)


@pytest.mark.parametrize("filter_", [{"senders": ["\x00"]}, {"not_senders": ["@\x00:x"]}, {"rooms": ["!\x00"]}])
async def test_names_that_nobody_can_have_are_nobodys(world: World, filter_: dict[str, Any]) -> None:
    anna = await world.person(ANNA)
    await say(anna, await found(anna), "pelican")
    answer = await find(anna, "pelican", filter=filter_)
    assert len(answer["results"]) == int("not_senders" in filter_)
    token = page_token(Page(2**62, None, None, 0, ("sender", "\x00")))
    assert (await find(anna, "pelican", token))["results"] == []


async def test_long_texts_are_not_read_to_rank_them(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordering, "MOST_WORDS_READ", 50)
    monkeypatch.setattr(highlighting, "MOST_WORDS_READ", 50)
    read = Mock(side_effect=words_in)
    for place in (ordering, highlighting):
        monkeypatch.setattr(place, "words_in", read)
    anna = await world.person(ANNA)
    room = await found(anna)
    long = " plum" * 40
    said = [await say(anna, room, text + long) for text in ("apple pear", "pear apple", "apples pear", "pear x apple")]
    answer = await find(anna, "apple pear", event_context={})
    assert ids([answer]) == [said[0], said[1], said[3], said[2]]
    assert sum(len(words_in(call.args[0])) for call in read.call_args_list) <= 2 * 50
    assert answer["highlights"][:2] == ["apple", "pear"]


async def test_what_is_written_meanwhile_does_not_move_the_pages(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    said = [await say(anna, room, f"pelican {'and more ' * (at % 4)}") for at in range(12)]
    for order in ("rank", "recent"):
        known = set(said)
        seen: list[str] = []
        token: str | None = None
        while True:
            page = await find(anna, "pelican", token, order_by=order, filter={"limit": 2})
            seen += ids([page])
            said.append(await say(anna, room, "pelican"))
            if (token := page.get("next_batch")) is None:
                break
        assert len(seen) == len(set(seen))
        assert set(seen) == known


async def tell_a_story(chance: random.Random, people: list[Person]) -> list[RoomId]:
    """Let three people come and go in rooms of each visibility, write, change and take back what they wrote.

    Returns the rooms.
    """
    anna, boris, carla = people
    open_rooms = [await found(anna, initial_state=[_visible(how)]) for how in ("shared", "joined", "world_readable")]
    written: list[tuple[Person, RoomId, str]] = []
    for step in range(90):
        room = chance.choice(open_rooms)
        writer = anna if step % 3 else boris
        if step in (10, 12, 14):
            await come(anna, boris, open_rooms[(step - 10) // 2])
        if step in (20, 22):
            await come(anna, carla, open_rooms[(step - 20) // 2])
        if step in (60, 75):
            (await carla.post(f"/rooms/{open_rooms[(step - 60) // 15]}/leave")).ok()
        if step < 15:
            writer = anna
        text = " ".join(chance.choices(TEXT, k=chance.randint(1, 6)))
        action = chance.random()
        if action < 0.15 and written:
            author, place, event = chance.choice(written)
            await relate(author, place, event, "m.replace", text)
        elif action < 0.25 and written:
            author, place, event = written.pop(chance.randrange(len(written)))
            await redact(author, place, event)
        elif action < 0.3:
            await put_state(anna, room, "m.room.topic", {"topic": text})
        else:
            more = {"url": "mxc://veche.test/x"} if chance.random() < 0.2 else {}
            written.append((writer, room, await say(writer, room, text, **more)))
    (await carla.put(f"/user/{carla.user}/account_data/m.ignored_user_list", {"ignored_users": {boris.user: {}}})).ok()
    return open_rooms


async def model(world: World, person: Person, text: str, wanted: dict[str, Any], *, by_rank: bool) -> list[str]:
    """What a search should find, in order."""
    term = term_from(text)
    assert isinstance(term, Term)

    def read(at: Snapshot) -> list[Thing]:
        known = {one.room_id: one for one in rooms.memberships_of(at, person.user, "join", "leave", "ban")}
        sights = {room: Sight(at, room, person.user) for room in known}
        ignored = account_data.ignored_by(at, person.user)
        return [
            thing
            for thing in _things(at)
            if thing.room in sights and thing.sender not in ignored
            if sights[thing.room].sees(thing.position) and sights[thing.room].sees(thing.source)
            if thing.fits(term) and _passes(thing, wanted)
        ]

    things = sorted(await world.queries.reader.run(read), key=lambda thing: -thing.position)
    if by_rank:
        cut = [things[at : at + WINDOW] for at in range(0, len(things), WINDOW)]
        things = [one for some in cut for one in sorted(some, key=lambda one: (one.worth(term), one.position))[::-1]]
    return [thing.event_id for thing in things]


def _things(at: Snapshot) -> Iterator[Thing]:
    positions = [row[0] for row in at.all("SELECT position FROM events ORDER BY position")]
    for event in timeline.at_positions(at, positions):
        what = found_in(event.type, event.state_key, content_of(event)) if event.redaction is None else None
        children = timeline.children(at, [event.event_id], ("m.replace",), at.position)
        edits = timeline.at_positions(at, [child.position for child in children])
        is_edit = any(child.event_id == event.event_id for child in _all_edits(at))
        if what is None or is_edit:
            continue
        text = edited_text(content_of(edits[-1])) if edits else what.text
        forms = [forms_of(word) for word in words_in(text)]
        words = tuple(form.word for form in forms)
        tokens = frozenset(words) | {stem for form in forms for stem in form.stems}
        source = edits[-1].position if edits else event.position
        yield Thing(
            event.position,
            source,
            event.event_id,
            event.room_id,
            event.sender,
            event.type,
            what.has_url,
            words,
            tokens,
        )


def _all_edits(at: Snapshot) -> list[timeline.RelatedEvent]:
    parents = [row[0] for row in at.all("SELECT DISTINCT parent_id FROM relations WHERE kind = 'm.replace'")]
    return timeline.children(at, parents, ("m.replace",), at.position)


def _passes(thing: Thing, wanted: dict[str, Any]) -> bool:
    return (
        thing.room in wanted.get("rooms", [thing.room])
        and thing.room not in wanted.get("not_rooms", [])
        and thing.sender in wanted.get("senders", [thing.sender])
        and thing.sender not in wanted.get("not_senders", [])
        and thing.has_url == wanted.get("contains_url", thing.has_url)
        and thing.kind in wanted.get("types", [thing.kind])
    )


def _filter(chance: random.Random, people: list[Person], told_in: list[RoomId]) -> dict[str, Any]:
    choices: list[dict[str, Any]] = [
        {},
        {},
        {"senders": [people[1].user]},
        {"not_senders": [people[0].user]},
        {"contains_url": chance.random() < 0.5},
        {"types": ["m.room.topic"]},
        {"rooms": chance.sample(told_in, k=chance.randint(1, 2))},
        {"not_rooms": told_in[:1]},
    ]
    return chance.choice(choices)


def _visible(how: str) -> dict[str, Any]:
    return {"type": "m.room.history_visibility", "content": {"history_visibility": how}}
