"""Migrations: each once, in order, in its own transaction; a database from the future is refused.

Those that were released never change: ``released.txt`` has their digests, and gets a line with each new one.
"""

import hashlib
import threading
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from unittest.mock import patch

import pytest

from tests.stage.cluster import Cluster
from tests.stage.databases import Place
from veche.storage import schema
from veche.storage.engines import Engine, StorageFault
from veche.storage.schema import migrate, migrations


@pytest.fixture
def empty(place: Place, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A database without any table."""
    if not place.database:
        yield place.engine()
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    url = cluster.empty()
    yield Place(place.data, url).engine()
    cluster.drop(url)


def steps_of(engine: Engine) -> list[int]:
    """Return the numbers of the steps that were applied."""
    connection = engine.connect(writes=False)
    try:
        return [row[0] for row in connection.rows("SELECT number FROM schema_steps ORDER BY number")]
    finally:
        connection.close()


def test_an_empty_database_gets_every_step_once(empty: Engine) -> None:
    count = len(migrations())
    assert migrate(empty) == count
    assert migrate(empty) == count
    assert steps_of(empty) == list(range(1, count + 1))


def test_two_processes_may_start_at_once(empty: Engine) -> None:
    threads = [threading.Thread(target=migrate, args=(empty,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert steps_of(empty) == list(range(1, len(migrations()) + 1))


def test_a_newer_database_is_refused(engine: Engine) -> None:
    connection = engine.connect(writes=True)
    connection.rows("INSERT INTO schema_steps (number) VALUES (999)")
    connection.close()
    with pytest.raises(StorageFault, match="schema 999; this version of Veche knows only"):
        migrate(engine)


def test_a_step_that_fails_leaves_nothing_behind(empty: Engine) -> None:
    steps = [("0001_good.sql", "CREATE TABLE good (x TEXT);\n")]
    bad = ("0002_bad.sql", "CREATE TABLE half (x TEXT);\nCREATE NONSENSE;\n")
    with patch.object(schema, "migrations", lambda: [*steps, bad]), pytest.raises(Exception, match="syntax"):
        migrate(empty)
    assert steps_of(empty) == [1]
    whole = ("0002_whole.sql", "CREATE TABLE half (x TEXT);\n")
    with patch.object(schema, "migrations", lambda: [*steps, whole]):
        assert migrate(empty) == 2


def test_released_steps_never_change() -> None:
    released = (Path(__file__).parent / "released.txt").read_text().splitlines()
    assert [f"{hashlib.sha256(text.encode()).hexdigest()}  {name}" for name, text in migrations()] == released


def test_files_in_rooms_learn_whose_events_show_them(empty: Engine) -> None:
    steps = migrations()
    with patch.object(schema, "migrations", lambda: steps[:20]):
        assert migrate(empty) == 20
    connection = empty.connect(writes=True)
    for media_id, owner in (("hers", "@anna:x"), ("his", "@boris:x")):
        connection.rows(
            "INSERT INTO media (media_id, user_id, created_ts, size, content_type, is_loose)"
            " VALUES (?, ?, 1, 1, 't', 0)",
            (media_id, owner),
        )
    for position, sender in ((5, "@anna:x"), (6, "@boris:x")):
        connection.rows(
            "INSERT INTO events (position, event_id, room_id, type, sender, ts, json, thread, main_notify,"
            " main_highlight) VALUES (?, ?, '!r', 't', ?, 1, ?, '', 0, 0)",
            (position, f"${position}", sender, b"{}"),
        )
    for media_id, position in (("hers", 5), ("hers", 6), ("his", 6), ("gone", 7)):
        connection.rows(
            "INSERT INTO media_in_rooms (media_id, room_id, position, kind, is_open) VALUES (?, '!r', ?, '', 0)",
            (media_id, position),
        )
    migrate(empty)
    rows = connection.rows("SELECT media_id, position, is_own FROM media_in_rooms ORDER BY position, media_id")
    connection.close()
    assert [tuple(row) for row in rows] == [("hers", 5, 1), ("hers", 6, 0), ("his", 6, 1), ("gone", 7, 0)]


def test_steps_are_numbered_without_gaps() -> None:
    names = [name for name, _ in migrations()]
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))


def test_a_gap_in_the_numbers_is_noticed(tmp_path: Path) -> None:
    for name in ("0001_first.sql", "0003_third.sql", "README"):
        (tmp_path / name).touch()
    with (
        patch.object(resources, "files", lambda package: tmp_path),
        pytest.raises(StorageFault, match=r"0003_third\.sql should bear the number 0002"),
    ):
        migrations()
