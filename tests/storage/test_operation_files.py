"""Files of backups: written as a whole or not at all, at a pace, with room left on the disk."""

import errno
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from veche.storage.operation import files
from veche.storage.operation.covers import Plain
from veche.storage.operation.faults import BackupFault, NoRoom, Stopped, explained
from veche.storage.operation.files import make_folder, sync_folder, write_file, write_private
from veche.storage.operation.pace import Pace, megabytes
from veche.storage.operation.shelf import Shelf


def quick() -> Pace:
    """A pace without rests."""
    return Pace(hurries=True, least_room=0)


def test_a_file_is_written_and_told_of(tmp_path: Path) -> None:
    pace = quick()
    written = write_file(tmp_path / "x", "x", [b"hello ", b"", b"world"], Plain(), pace)
    assert (tmp_path / "x").read_bytes() == b"hello world"
    assert written.size == pace.done == 11
    assert written.sha256.startswith("b94d27b9934d3e08")
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o600


def test_a_file_that_fails_half_way_is_not_left(tmp_path: Path) -> None:
    def parts() -> Iterator[bytes]:
        yield b"x" * 3_000_000
        raise OSError(errno.EIO, "the medium is bad")

    with pytest.raises(OSError, match="bad"):
        write_file(tmp_path / "x", "x", parts(), Plain(), quick())
    assert list(tmp_path.iterdir()) == []


def test_the_work_stops_when_told(tmp_path: Path) -> None:
    pace = quick()

    def parts() -> Iterator[bytes]:
        while True:
            yield b"x" * files.SYNCED_AT_ONCE
            pace.stop()

    with pytest.raises(Stopped):
        write_file(tmp_path / "x", "x", parts(), Plain(), pace)
    with pytest.raises(Stopped):
        write_file(tmp_path / "y", "y", [b""], Plain(), pace)
    assert list(tmp_path.iterdir()) == []


def test_room_is_left_on_the_disk(tmp_path: Path) -> None:
    pace = Pace(hurries=True, least_room=2**60)
    with pytest.raises(NoRoom, match=r"no room in .* left over are needed, there are"):
        write_file(tmp_path / "x", "x", [b"x" * files.SYNCED_AT_ONCE], Plain(), pace)
    with pytest.raises(NoRoom, match=r"5\.0 MB and "):
        pace.expect_room(tmp_path, 5_000_000)
    assert list(tmp_path.iterdir()) == []


def test_who_is_not_in_a_hurry_rests(tmp_path: Path) -> None:
    rests = list[float]()
    pace = Pace(least_room=0)

    def wait(seconds: float) -> bool:
        rests.append(seconds)
        return False

    with patch.object(pace._stop, "wait", wait):  # noqa: SLF001
        write_file(tmp_path / "x", "x", [b"x" * files.SYNCED_AT_ONCE] * 3, Plain(), pace)
    assert len(rests) == 4
    assert all(rest > 0 for rest in rests)


def test_a_small_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    write_private(tmp_path / "x", b"one")
    write_private(tmp_path / "x", b"two")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("x", b"two")]


def test_folders_are_made_for_their_owner_only(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "a", tmp_path / "a" / "b")} == {0o700}


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_shares_that_sync_no_folders_are_good_enough(tmp_path: Path, number: int) -> None:
    with patch("os.fsync", side_effect=OSError(number, "no")):
        sync_folder(tmp_path)
    with patch("os.fsync", side_effect=OSError(errno.EIO, "no")), pytest.raises(OSError, match="no"):
        sync_folder(tmp_path)


def test_shares_that_know_no_locks_are_good_enough(tmp_path: Path) -> None:
    with patch("fcntl.flock", side_effect=OSError(errno.ENOLCK, "no")), Shelf(tmp_path).held():
        pass
    denied = patch("fcntl.flock", side_effect=OSError(errno.EIO, "no"))
    with denied, pytest.raises(OSError, match="no"), Shelf(tmp_path).held():
        pass


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_called_that(tmp_path: Path, number: int) -> None:
    with pytest.raises(NoRoom, match=f"no room is left in {tmp_path}"), explained(tmp_path):
        raise OSError(number, "whatever")


def test_other_faults_of_the_disk_name_the_file(tmp_path: Path) -> None:
    with pytest.raises(BackupFault, match="x: Permission denied"), explained(tmp_path):
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "x"))


def test_a_key_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    """One of two groups of sealed contents is damaged: a new key is made, the old contents stay."""
    from veche.storage.operation import sealing

    with patch.object(sealing, "_COST", 2**8):
        first = Shelf(tmp_path).cover("open")
        key = tmp_path / "media" / first.group / "key.json"
        key.write_text("nonsense")
        second = Shelf(tmp_path).cover("open")
        assert second.group != first.group
        assert Shelf(tmp_path).cover("open").group == second.group
    assert key.read_text() == "nonsense"


def test_sizes_for_people() -> None:
    assert megabytes(1_234_567_890) == "1,234.6 MB"
