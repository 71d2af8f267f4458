"""Backups: when the next is due, which go, how they are called, and where the log goes on after a restore."""

from datetime import datetime, timedelta, timezone

import pytest

from veche.domain.ids import Position
from veche.domain.operation.backups import (
    LEAST_ADVANCE,
    Contents,
    Copy,
    Manifest,
    Outcome,
    StoredFile,
    Table,
    head_after_restore,
    is_due,
    is_name,
    is_safe,
    may_be_manifest,
    name_of,
    superfluous,
)

ZONE = timezone(timedelta(hours=3))
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=ZONE)
LATE = datetime(2026, 11, 20, 23, 30, tzinfo=ZONE)


def ended(moment: datetime, fault: str | None = None) -> Outcome:
    """A backup that ended then."""
    ts = int(moment.timestamp() * 1000)
    return Outcome(ts - 5000, ts, fault=fault)


@pytest.mark.parametrize(
    ("now", "hour", "last", "due"),
    [
        (NOON, 3, None, True),
        (NOON, 3, ended(NOON.replace(hour=3, minute=1)), False),
        (NOON, 3, ended(NOON.replace(hour=2, minute=59)), True),
        (NOON, 12, ended(NOON - timedelta(seconds=1)), True),
        (NOON, 12, ended(NOON), False),
        (NOON, 13, ended(NOON - timedelta(hours=22)), False),
        (NOON, 13, ended(NOON - timedelta(hours=24)), True),
        (LATE, 0, ended(LATE.replace(hour=0, minute=5)), False),
        (NOON, 3, ended(NOON - timedelta(days=40)), True),
        (NOON, 3, ended(NOON - timedelta(minutes=59), "the disk is full"), False),
        (NOON, 3, ended(NOON - timedelta(minutes=60), "the disk is full"), True),
        (NOON, 3, ended(NOON + timedelta(days=900)), True),
    ],
    ids=[
        "never made",
        "made tonight",
        "made before the hour",
        "the hour comes",
        "made at the hour",
        "yesterday's is the last, today's hour is to come",
        "yesterday's was missed",
        "made at midnight",
        "the machine was off for weeks",
        "failed a moment ago",
        "failed an hour ago",
        "the clock was wrong",
    ],
)
def test_when_a_backup_is_due(now: datetime, hour: int, last: Outcome | None, due: bool) -> None:
    assert is_due(now, hour, last) is due


@pytest.mark.parametrize(
    ("kept", "gone"),
    [(1, ["a", "b", "d"]), (2, ["a", "b"]), (3, ["a"]), (4, []), (9, [])],
)
def test_the_oldest_whole_ones_of_ours_go(kept: int, gone: list[str]) -> None:
    copies = [Copy("e", 50), Copy("a", 10), Copy("not ours, or not whole", None), Copy("d", 40), Copy("b", 20)]
    assert superfluous(copies, kept) == gone


def test_nothing_goes_from_an_empty_folder() -> None:
    assert superfluous([], 1) == []


def test_names_are_unlike_each_other_and_recognised() -> None:
    first = name_of(NOON, [])
    second = name_of(NOON, [first])
    third = name_of(NOON, [first, second, "veche-20200101T000000Z"])
    assert [first, second, third] == [f"veche-20261120T120000Z{end}" for end in ("", "-2", "-3")]
    assert all(map(is_name, (first, second, third)))


@pytest.mark.parametrize(
    "name",
    [
        "",
        "media",
        "veche-2026",
        f"{'veche-20261120T120000Z'}.partial",
        "veche-20261120T120000Z/",
        "xveche-20261120T120000Z",
        "veche-20261120T120000Z\n",
    ],
)
def test_other_folders_are_no_backups(name: str) -> None:
    assert not is_name(name)


@pytest.mark.parametrize("path", ["veche.toml", "tls/ca.key", "000", "tables/events.copy", "_x"])
def test_paths_of_a_backup(path: str) -> None:
    assert is_safe(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../x",
        "tls/../x",
        "tls/..",
        ".ssh",
        "a/b/c",
        "a//b",
        "tls/",
        "a\\b",
        "x\x00",
        "a b",
        "a..b",
        "x\n",
    ],
)
def test_paths_out_of_a_backup(path: str) -> None:
    assert not is_safe(path)


def manifest(
    name: str = "veche.toml", stored: str = "veche.toml", table: str = "events", column: str = "json"
) -> Manifest:
    """A manifest with one file and one table."""
    return Manifest(
        format=1,
        version="1",
        server_name="veche.test",
        begun_ts=1,
        made_ts=2,
        engine="sqlite",
        schema=12,
        position=Position(7),
        tables={table: Table((column,), 1)},
        files=(StoredFile(name, stored, 10, "0" * 64),),
        contents=Contents(2, 30),
    )


def test_a_manifest_speaks_only_of_its_own() -> None:
    assert may_be_manifest(manifest())
    assert not may_be_manifest(manifest(name="../veche.toml"))
    assert not may_be_manifest(manifest(stored="/etc/shadow"))
    assert not may_be_manifest(manifest(table='events"; DROP TABLE "accounts'))
    assert not may_be_manifest(manifest(column='json", "x'))


def test_all_bytes_count() -> None:
    assert manifest().bytes == 40


def moment(text: str) -> int:
    """A moment in milliseconds since 1970."""
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp() * 1000)


@pytest.mark.parametrize("now", [0, moment("2020-01-01T00:00"), moment("2026-11-20T00:00"), moment("2060-01-01T00:00")])
@pytest.mark.parametrize("head", [0, 1, 2**32 - 1, 10**12])
def test_the_log_goes_on_at_least_so_much_later(head: int, now: int) -> None:
    assert head_after_restore(Position(head), now) >= head + LEAST_ADVANCE == head + 2**32


def test_a_backup_that_is_restored_twice_does_not_go_on_at_the_same_place() -> None:
    first = head_after_restore(Position(1_000), moment("2026-11-20T10:00"))
    second = head_after_restore(Position(1_000), moment("2026-11-20T10:01"))
    assert second - first == 2**28, "more than a server gives out in a minute"


def test_positions_stay_exact_in_every_client() -> None:
    assert head_after_restore(Position(1_000), moment("2088-01-01T00:00")) < 2**53
