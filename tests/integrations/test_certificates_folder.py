"""A pair of files changes as a whole or not at all, wherever the process is killed."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from veche.integrations.certificates import BadCertificate
from veche.integrations.certificates.folder import Files, Folder

KILLED = 9
DYING = """
import os, sys
from pathlib import Path
from veche.integrations.certificates.folder import Folder

folder, steps_left = Folder(Path(sys.argv[1])), int(sys.argv[2])

def step(event, arguments):
    global steps_left
    if event in ("open", "os.rename", "os.remove", "os.mkdir") and sys.argv[1] in str(arguments[0]):
        steps_left -= 1
        if steps_left < 0:
            os._exit(9)

sys.addaudithook(step)
folder.write("leaf", b"new certificate", b"new key", lambda files: None)
"""
"""Writes a pair and is killed before a step that touches the folder: Python tells its auditors of each."""
OLD, NEW = (b"old certificate", b"old key"), (b"new certificate", b"new key")


def accept(files: Files) -> None:
    """Take everything for good."""


def test_whenever_the_writer_is_killed_the_pair_is_the_old_or_the_new_one(tmp_path: Path) -> None:
    found = []
    for steps in range(40):
        folder = Folder(tmp_path / str(steps))
        folder.write("leaf", *OLD, accept)
        command = [sys.executable, "-c", DYING, str(folder.path), str(steps)]
        ended = subprocess.run(command, check=False, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
        assert ended.returncode in (0, KILLED)
        folder.settle("leaf")
        found.append(folder.read("leaf"))
        assert sorted(path.name for path in folder.path.iterdir()) == ["leaf.crt", "leaf.key"]
        if ended.returncode == 0:
            break
    assert found[0] == OLD
    assert found[-1] == NEW
    assert set(found) == {OLD, NEW}
    assert found == sorted(found, key=lambda pair: pair == NEW), "there is one moment that decides"
    assert found.count(OLD) > 4
    assert found.count(NEW) > 2


def test_the_first_pair_may_be_interrupted_too(tmp_path: Path) -> None:
    for steps in range(40):
        folder = Folder(tmp_path / str(steps))
        command = [sys.executable, "-c", DYING, str(folder.path), str(steps)]
        ended = subprocess.run(command, check=False, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
        if folder.path.exists():
            folder.settle("leaf")
        assert folder.read("leaf") in (None, NEW)
        if ended.returncode == 0:
            break
    assert folder.read("leaf") == NEW


def test_what_the_check_refuses_leaves_no_trace(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write("leaf", *OLD, accept)

    def refuse(files: Files) -> None:
        assert (files.certificate.read_bytes(), files.key.read_bytes()) == NEW
        raise BadCertificate("no")

    with pytest.raises(BadCertificate):
        folder.write("leaf", *NEW, refuse)
    assert folder.read("leaf") == OLD
    assert len(list(tmp_path.iterdir())) == 2


def test_a_full_disk_leaves_the_old_pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Folder(tmp_path)
    folder.write("leaf", *OLD, accept)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        folder.write("leaf", *NEW, accept)
    monkeypatch.undo()
    folder.settle("leaf")
    assert folder.read("leaf") == OLD


def test_half_a_pair_is_none(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    assert folder.read("leaf") is None
    (tmp_path / "leaf.crt").write_bytes(b"x")
    with pytest.raises(BadCertificate, match=r"leaf\.key is missing beside leaf\.crt"):
        folder.read("leaf")
