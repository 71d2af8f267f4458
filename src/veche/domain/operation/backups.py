"""Backups: what one holds, how one ended, when the next is due, which are kept, where the log goes on after a restore.

How a backup is written and read is not known here.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from veche.domain.ids import Digest, Position

FORMAT = 1
RETRY = timedelta(hours=1)
"""How long after a failure the next backup is tried."""
LEAST_ADVANCE = 2**32
_A_MINUTE = 2**28
"""More positions than any server gives out in a minute."""
_BEGINNING_MS = 1_767_225_600_000  # 2026-01-01
_NAME = re.compile(r"veche-\d{8}T\d{6}Z(-\d+)?\Z")
_NAME_OF_TABLE = re.compile(r"[a-z_][a-z0-9_]*\Z")
_PART_OF_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\Z")

SETTINGS, KEYS = "veche.toml", "tls"
"""What of the data folder belongs into a backup besides the database and what people uploaded."""
UNFINISHED = "restore.unfinished"
"""The file that says that a restore into this folder was begun and not finished."""

EngineName = Literal["sqlite", "postgres"]


class Wish(msgspec.Struct, frozen=True):
    """Where a backup is to be made, what it is to be sealed with, if anything, and how many are to be kept there.

    The passphrase is given, or a file whose first line it is. Without ``keeps`` none is removed.
    """

    folder: str
    passphrase: str | None = None
    passphrase_file: str = ""
    keeps: int | None = None


class Kept(msgspec.Struct, frozen=True):
    """A content: its digest and its size in bytes."""

    digest: Digest
    size: int


class StoredFile(msgspec.Struct, frozen=True):
    """One file of a backup: what it is, under which name it lies there, and its content's size and SHA-256."""

    name: str
    stored: str
    size: int
    sha256: str


class Table(msgspec.Struct, frozen=True):
    """A table of the database: its columns in the order in which they are stored, and how many rows there are."""

    columns: tuple[str, ...]
    rows: int


class Contents(msgspec.Struct, frozen=True):
    """What people uploaded: how many contents and bytes; ``missing`` are those the store had lost before."""

    count: int = 0
    bytes: int = 0
    missing: tuple[Digest, ...] = ()


class Manifest(msgspec.Struct, frozen=True):
    """What a backup holds. Times are in milliseconds since 1970; ``schema`` is the number of the newest migration."""

    format: int
    version: str
    server_name: str
    begun_ts: int
    made_ts: int
    engine: EngineName
    schema: int
    position: Position
    tables: dict[str, Table]
    files: tuple[StoredFile, ...]
    contents: Contents

    @property
    def bytes(self) -> int:
        """What all of it comes to."""
        return self.contents.bytes + sum(file.size for file in self.files)


class Outcome(msgspec.Struct, frozen=True):
    """How a backup ended: ``fault`` says why there is none, ``missing`` how many contents had been lost before."""

    begun_ts: int
    ended_ts: int
    folder: str = ""
    position: Position = Position(0)
    bytes: int = 0
    missing: int = 0
    fault: str | None = None


class Copy(msgspec.Struct, frozen=True):
    """A backup among others in a folder: its name, and when it was made if it is a whole one of this server."""

    name: str
    made_ts: int | None


def name_of(moment: datetime, taken: Iterable[str]) -> str:
    """Return the name of a backup begun at that moment (UTC), another one than those that are taken."""
    name, others = f"veche-{moment:%Y%m%dT%H%M%SZ}", set(taken)
    numbered = (f"{name}-{number}" for number in range(2, len(others) + 3))
    return name if name not in others else next(other for other in numbered if other not in others)


def is_name(text: str) -> bool:
    """Say whether a folder of this name may be a backup."""
    return bool(_NAME.match(text))


def is_safe(path: str) -> bool:
    """Say whether a path out of a manifest stays in its folder: one or two plain names."""
    parts = path.split("/")
    return len(parts) <= 2 and all(_PART_OF_PATH.match(part) and ".." not in part for part in parts)


def may_be_manifest(manifest: Manifest) -> bool:
    """Say whether a manifest only speaks of files in its folder, and of tables as this house names them."""
    paths = [path for file in manifest.files for path in (file.name, file.stored)]
    names = [name for table, told in manifest.tables.items() for name in (table, *told.columns)]
    return all(map(is_safe, paths)) and all(map(_NAME_OF_TABLE.match, names))


def is_due(now: datetime, hour: int, last: Outcome | None) -> bool:
    """Say whether a backup is to be made: daily at ``hour`` of ``now``'s clock, later if that hour was missed.

    The first one is due at once, the next after a failure ``RETRY`` later.
    """
    if last is None:
        return True
    ended = datetime.fromtimestamp(last.ended_ts / 1000, now.tzinfo)
    if ended > now:  # the clock was wrong then, or is now
        return True
    if last.fault is not None:
        return now - ended >= RETRY
    return ended < _last_moment(now, hour)


def superfluous(copies: Iterable[Copy], kept: int) -> list[str]:
    """Return the names of the oldest whole backups of this server beyond those that are kept."""
    made = sorted((copy.made_ts, copy.name) for copy in copies if copy.made_ts is not None)
    return [name for _, name in made[: max(0, len(made) - kept)]]


def head_after_restore(head: Position, now: int) -> Position:
    """Return where the log goes on after a restore at ``now`` (ms since 1970) of a backup made at ``head``.

    That is at least 2^32 further (law 1 of the data), so that no position is given out again that a client may have
    met after the backup was made. Because the same backup may be restored twice, and clients may have met positions
    of the first time, the clock has a say too; the result fits 53 bits until 2089.
    """
    minutes = max(0, now - _BEGINNING_MS) // 60_000
    return Position(max(head + LEAST_ADVANCE, minutes * _A_MINUTE))


def _last_moment(now: datetime, hour: int) -> datetime:
    """Return the last moment, not after ``now``, at which the clock showed the full hour."""
    today = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    return today if today <= now else today - timedelta(days=1)
