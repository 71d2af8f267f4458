"""The index: it follows the log in parts, agrees with its own cursor whatever happens, and is made anew when it is of
no use.
"""

import contextlib
import logging
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from tests.cast import ANNA
from tests.effort import effort
from tests.stage.databases import Place
from tests.stage.people import Person
from tests.stage.rooms import found, redact, relate, say
from tests.stage.world import World
from veche.domain.ids import Position, RoomId
from veche.domain.refusals import Refused
from veche.domain.search import LONGEST_TEXT, term_from
from veche.domain.search.terms import Term
from veche.storage.engines import Connection, Engine, StorageFault
from veche.storage.search import (
    Indexer,
    SearchIndex,
    Store,
    Wanted,
    adjacent_clauses,
    clauses_of,
    exact_clauses,
    following,
    open_store,
    rebuild,
    writing,
)
from veche.storage.search.analysis import analysed
from veche.storage.search.writing import SourceFault

ALL = (0, 2**62, 1000)
STRANGE = "\"'«»“”*^:-+()[]{}<>!&|\\%_?;,.\x00\x01\ue000\u0301\u200d\u202e\ufeff\U0010ffff"


@pytest.fixture
def store(place: Place, engine: Engine) -> Iterator[Store]:
    """The index of the test's database."""
    made = open_store(engine, place.data, place.database)
    yield made
    made.close()


@pytest.fixture
def indexer(engine: Engine, store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Indexer]:
    """What follows the log, a few events at a time; it never asks for a connection that writes the database."""
    monkeypatch.setattr(writing, "PART", 4)
    made = Indexer(ReadOnly(engine), store)
    yield made
    made.close()


@pytest.fixture
def index(store: Store) -> Iterator[SearchIndex]:
    """What searches."""
    made = SearchIndex(store)
    yield made
    made.close()


class ReadOnly:
    """An engine that gives connections to readers only."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.largest_group, self.longest_read, self.log_bytes = 1, 1.0, 0
        self.name = engine.name

    def connect(self, *, writes: bool) -> Connection:
        assert not writes
        return self._engine.connect(writes=False)

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} is not for the indexing process")


async def written(world: World, count: int = 10) -> tuple[Person, RoomId, list[str]]:
    """Let Anna say that she saw pelicans."""
    anna = await world.person(ANNA)
    room = await found(anna)
    return anna, room, [await say(anna, room, f"pelican {number}") for number in range(count)]


def follow(indexer: Indexer) -> Position:
    """Index all there is; return where the index is then."""
    while True:
        position, is_all = indexer.step()
        if is_all:
            return position


def positions(index: SearchIndex, text: str = "pelican") -> list[Position]:
    """Where something is found, newest first."""
    term = term_from(text)
    assert isinstance(term, Term)
    return [match.position for match in index.matches(Wanted(clauses_of(term)), *ALL)]


async def test_the_log_is_followed_in_parts(world: World, indexer: Indexer, index: SearchIndex) -> None:
    await written(world)
    head = world.commands.live.tail.head
    first, is_all = indexer.step()
    assert (first, is_all) == (4, False)
    assert follow(indexer) == head
    found_at = positions(index)
    assert found_at == sorted(found_at, reverse=True)
    assert len(found_at) == 10
    assert indexer.step() == (head, True)
    assert positions(index) == found_at


async def test_a_step_that_fails_leaves_index_and_cursor_as_they_were(
    world: World, indexer: Indexer, index: SearchIndex, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await written(world)
    indexer.step()
    put = type(store).put
    faults = [StorageFault("the disk is away"), ValueError("something else"), None]

    def fail(self: Store, *given: Any) -> None:
        put(self, *given)
        if fault := faults.pop(0):
            raise fault

    monkeypatch.setattr(type(store), "put", fail)
    for kind in (StorageFault, ValueError):
        with pytest.raises(kind):
            indexer.step()
    assert indexer.step() == (8, False)
    monkeypatch.undo()
    follow(indexer)
    assert len(positions(index)) == len(set(positions(index))) == 10


async def test_two_that_follow_at_once_do_not_disturb_each_other(
    world: World, indexer: Indexer, index: SearchIndex, engine: Engine, store: Store
) -> None:
    await written(world)
    other = Indexer(engine, store)
    for _ in range(4):
        indexer.step()
        other.step()
    follow(indexer)
    other.close()
    assert len(positions(index)) == len(set(positions(index))) == 10


async def test_what_is_redacted_leaves_the_index(
    world: World, indexer: Indexer, index: SearchIndex, store: Store
) -> None:
    anna, room, said = await written(world)
    follow(indexer)
    await redact(anna, room, said[3])
    late = await say(anna, room, "pelican late")
    await redact(anna, room, late)
    follow(indexer)
    assert len(positions(index)) == 9
    connection = store.connect(writes=False)
    assert connection.rows("SELECT COUNT(*) FROM documents") == [(9,)]
    connection.close()


async def test_an_edit_changes_the_document_of_its_event(world: World, indexer: Indexer, index: SearchIndex) -> None:
    anna, room, said = await written(world)
    before = positions(index) if follow(indexer) else []
    edit = await relate(anna, room, said[0], "m.replace", "heron")
    follow(indexer)
    assert positions(index, "heron") == before[-1:]
    assert positions(index) == before[:-1]
    await redact(anna, room, edit)
    follow(indexer)
    assert (positions(index, "heron"), positions(index)) == ([], before)


async def test_an_edit_of_an_edit_and_of_what_is_not_there_count_for_nothing(
    world: World, indexer: Indexer, index: SearchIndex
) -> None:
    anna, room, said = await written(world, 1)
    edit = await relate(anna, room, said[0], "m.replace", "heron")
    await relate(anna, room, edit, "m.replace", "stork")
    await relate(anna, room, "$nothing", "m.replace", "crane")
    strange = {"m.relates_to": {"rel_type": "m.replace", "event_id": 5}, "m.new_content": {"body": "ibis"}}
    await say(anna, room, "egret", **strange)
    follow(indexer)
    assert [len(positions(index, word)) for word in ("heron", "egret", "ibis")] == [1, 1, 0]
    # As messages of their own they have the text that clients show which know no edits.
    assert [len(positions(index, word)) for word in ("stork", "crane")] == [1, 1]


@pytest.mark.parametrize("engine_name", ["sqlite"])
async def test_redacted_words_leave_the_files(world: World, indexer: Indexer, index: SearchIndex) -> None:
    anna, room, said = await written(world, 40)
    secret = "отчётность Correspondance "
    await say(anna, room, "отчёт pelican")
    gone = [await say(anna, room, f"pelican {secret} {number}") for number in range(3)]
    # An edit's words leave with the message, and with the edit alone.
    gone.append(await relate(anna, room, said[0], "m.replace", secret))
    follow(indexer)
    assert len(positions(index, "correspondance")) == 4
    words = [word.encode() for word in ("отчётность", "отчетность", "correspondance", "correspond", "отчетн")]
    assert any(word in _bytes_of(world) for word in words)
    for event in gone:
        await redact(anna, room, event)
    follow(indexer)
    assert [word for word in words if word in _bytes_of(world)] == []
    assert (len(positions(index)), len(positions(index, "отчёт"))) == (41, 1)


def _bytes_of(world: World) -> bytes:
    return b"".join(path.read_bytes().lower() for path in sorted(world.place.data.glob("search.sqlite3*")))


@pytest.mark.parametrize("engine_name", ["sqlite"])
async def test_taking_out_leaves_the_rest_whole(
    world: World, indexer: Indexer, index: SearchIndex, store: Store
) -> None:
    chance = random.Random(effort("searched_stories"))
    anna = await world.person(ANNA)
    room, words = await found(anna), ["plum", "pear", "peach", "слива", "сливы", "pré", "prés", "plums"]
    said: dict[str, str] = {}
    for _ in range(effort("searched_stories")):
        if said and chance.random() < 0.4:
            event = chance.choice(sorted(said))
            del said[event]
            await redact(anna, room, event)
        else:
            text = " ".join(chance.choices(words, k=chance.randint(1, 5)))
            said[await say(anna, room, text)] = text
        if chance.random() < 0.3:
            follow(indexer)
    follow(indexer)
    for word in words:
        expected = sum(word in text.split() for text in said.values())
        term = term_from(f'"{word}"')
        assert isinstance(term, Term)
        if word not in ("pré", "prés"):
            assert len(index.positions(Wanted(clauses_of(term)), 0, 2**62)) == expected, word
    connection = store.connect(writes=True)
    connection.rows("INSERT INTO found (found) VALUES ('integrity-check')")
    known = {row[0] for row in connection.rows("SELECT word FROM vocabulary")}
    connection.close()
    texts = [analysed(text) for text in said.values()]
    assert known == {word for text in texts for word in (*text.words, *text.stems)}


@pytest.mark.parametrize("engine_name", ["sqlite"])
async def test_the_files_are_cleared_as_soon_as_nobody_reads(world: World, indexer: Indexer, store: Store) -> None:
    anna, room, said = await written(world, 3)
    follow(indexer)
    reader = store.connect(writes=False)
    reader.begin_read()
    reader.rows("SELECT position FROM documents")
    await redact(anna, room, said[0])
    follow(indexer)
    reader.rollback()
    reader.close()
    follow(indexer)
    assert b"pelican 0" not in _bytes_of(world)


async def test_parts_are_bounded_in_bytes_too(
    world: World, indexer: Indexer, index: SearchIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "PART", 1_000)
    monkeypatch.setattr(following, "MOST_BYTES", 3_000)
    monkeypatch.setattr(following, "_READ_AT_ONCE", 7)
    anna, room, said = await written(world, 0)
    said = [await say(anna, room, "pelican " + "w" * 1_000) for _ in range(12)]
    parts, is_all = 0, False
    while not is_all:
        _, is_all = indexer.step()
        parts += 1
    assert 4 <= parts <= 12
    for event in said[:3]:
        await redact(anna, room, event)
    # Each asks for another text, however short it is itself.
    assert [indexer.step()[1] for _ in range(3)] == [False, False, True]
    assert len(positions(index)) == 9


async def test_of_a_very_long_text_the_beginning_is_found(world: World, indexer: Indexer, index: SearchIndex) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    told = await say(anna, room, "heron " + "x " * LONGEST_TEXT + "stork")
    follow(indexer)
    assert [len(positions(index, word)) for word in ("heron", "stork")] == [1, 0]
    await redact(anna, room, told)
    follow(indexer)
    assert positions(index, "heron") == positions(index, "x") == []


Harm = Callable[[Store, World], None]


def _sql(*statements: str) -> Harm:
    def harm(store: Store, world: World) -> None:
        connection = store.connect(writes=True)
        for statement in statements:
            connection.rows(statement)
        connection.close()

    return harm


def _garble(store: Store, world: World) -> None:
    path = Path(world.place.data / "search.sqlite3")
    if world.place.database:
        _sql("DROP TABLE names")(store, world)
        return
    for victim in (path, Path(f"{path}-wal")):
        if victim.exists():
            victim.write_bytes(b"no database at all " * 10_000)


HARMS: dict[str, Harm] = {
    "an order": lambda store, world: rebuild(store),
    "another database": _sql("UPDATE progress SET anchor = '$other'"),
    "an older backup": _sql("UPDATE progress SET position = position + 1000"),
    "another version": _sql("UPDATE progress SET version = 999"),
    "damage": _garble,
    "loss": lambda store, world: store.discard(),
    "a missing table": _sql("DROP TABLE documents"),
    "a missing column": _sql("ALTER TABLE documents RENAME COLUMN length TO words_in_all"),
}


@pytest.mark.parametrize("reason", HARMS)
async def test_an_index_of_no_use_is_made_anew(
    world: World, indexer: Indexer, store: Store, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    anna, room, _ = await written(world)
    follow(indexer)
    indexer.close()
    index = SearchIndex(store)
    before = positions(index)
    index.close()
    HARMS[reason](store, world)
    await say(anna, room, "pelican 10")
    with caplog.at_level(logging.WARNING, "veche.search"):
        follow(indexer)
    assert reason == "loss" or "is made anew" in caplog.text
    index = SearchIndex(store)
    assert positions(index)[1:] == before
    index.close()


async def test_those_who_search_notice_that_there_is_another_index(
    world: World, indexer: Indexer, index: SearchIndex, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    await written(world)
    with pytest.raises(Refused, match="not ready"):
        positions(index)
    assert "a search was refused" in caplog.text
    follow(indexer)
    before = positions(index)
    indexer.close()
    store.discard()
    with pytest.raises(Refused, match="not ready"):
        positions(index)
    follow(indexer)
    assert positions(index) == before


@pytest.mark.parametrize("by", ["a search", "an order"])
async def test_a_damaged_index_is_given_up_by_whoever_meets_it(
    world: World, indexer: Indexer, store: Store, index: SearchIndex, by: str
) -> None:
    await written(world)
    follow(indexer)
    indexer.close()
    _garble(store, world)
    meets = index.rebuild if by == "an order" else lambda: index.numbers_of(["!x"])
    is_met = by == "a search" or not world.place.database
    with pytest.raises(Refused, match="not ready") if is_met else contextlib.nullcontext():
        meets()
    follow(indexer)
    assert len(positions(index)) == 10


async def test_long_and_strange_texts_are_indexed(world: World, indexer: Indexer, index: SearchIndex) -> None:
    anna, room, _ = await written(world, 0)
    strange = (
        "a " * 3_900 + "heron",
        "x" * 30_000,
        "heron\ufffd'\"\\:*&|!<->()%?",
        "👍🏽\u200d heron \ue000r1",
        "会议 heron",
    )
    for text in strange:
        await say(anna, room, text)
    follow(indexer)
    assert len(positions(index, "heron")) == 4
    assert len(positions(index, "x" * 64)) == 1
    assert len(positions(index, "会")) == len(positions(index, "会议")) == len(positions(index, '"会议"')) == 1


async def test_a_fault_of_the_database_is_not_taken_for_one_of_the_index(
    world: World, indexer: Indexer, index: SearchIndex, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    anna, room, _ = await written(world)
    follow(indexer)
    await say(anna, room, "pelican 10")
    database = engine.connect(writes=True)
    database.rows("ALTER TABLE events RENAME TO mislaid")
    try:
        for _ in range(2):
            with pytest.raises(SourceFault, match="database"):
                indexer.step()
        assert len(positions(index)) == 10
    finally:
        database.rows("ALTER TABLE mislaid RENAME TO events")
        database.close()
    follow(indexer)
    assert len(positions(index)) == 11
    assert "made anew" not in caplog.text


@pytest.mark.parametrize("engine_name", ["sqlite"])
async def test_a_damaged_database_is_not_taken_for_a_damaged_index(
    world: World,
    indexer: Indexer,
    index: SearchIndex,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    anna, room, _ = await written(world)
    follow(indexer)
    await say(anna, room, "pelican 10")

    def torn(*given: Any) -> None:
        raise StorageFault("CorruptError: malformed") from apsw.CorruptError("malformed")

    monkeypatch.setattr(writing, "news", torn)
    with pytest.raises(SourceFault, match="malformed"):
        indexer.step()
    assert len(positions(index)) == 10
    assert "made anew" not in caplog.text


async def test_a_mistaken_statement_is_no_fault_of_the_index(
    world: World, indexer: Indexer, index: SearchIndex, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, room, _ = await written(world)
    follow(indexer)
    await say(anna, room, "pelican 10")

    def mistaken(self: Store, connection: Connection, *given: Any) -> None:
        connection.rows("SELEC 1")

    for verb in ("put", "matches"):
        monkeypatch.setattr(type(store), verb, mistaken)
    with pytest.raises(Exception, match="SELEC"):
        indexer.step()
    with pytest.raises(Exception, match="SELEC"):
        positions(index)
    monkeypatch.undo()
    assert len(positions(index)) == 10


async def test_no_term_upsets_the_database(world: World, indexer: Indexer, index: SearchIndex) -> None:
    await written(world, 3)
    follow(indexer)
    chance = random.Random(effort("strange_terms"))
    alphabet = STRANGE + "pelican PELICAN Пеликан ёß€é会👍"
    for _ in range(effort("strange_terms")):
        text = "".join(chance.choices(alphabet, k=chance.randint(1, 40)))
        term = term_from(text)
        assert isinstance(term, Term)
        if not term.is_empty:
            positions(index, text)
            for clauses in (exact_clauses(term), adjacent_clauses(term) if term.words else ()):
                if clauses:
                    index.positions(Wanted(clauses), 0, 2**62)
