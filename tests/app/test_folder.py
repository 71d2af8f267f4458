"""The data folder: whose it is, and that root leaves nothing there that its owner could not open."""

import os
import pwd
from pathlib import Path

import pytest

from veche.app.folder import Foreign, held_folder

SOMEBODY = next(account for account in pwd.getpwall() if account.pw_uid != 0)


def used_by(uid: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the folder have been used by that account, and the caller be root."""
    stat = os.fstat

    def told(descriptor: int) -> os.stat_result:
        found = list(stat(descriptor))
        found[4] = uid
        return os.stat_result(found)

    monkeypatch.setattr(os, "fstat", told)
    monkeypatch.setattr(os, "geteuid", lambda: 0)


@pytest.mark.parametrize(("uid", "name"), [(SOMEBODY.pw_uid, SOMEBODY.pw_name), (2**31 - 5, f"#{2**31 - 5}")])
def test_root_is_refused_where_another_account_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uid: int, name: str
) -> None:
    used_by(uid, tmp_path, monkeypatch)
    with pytest.raises(Foreign, match=f"belongs to {name}: .*sudo -u '{name}'"), held_folder(tmp_path):
        pytest.fail("it was held")
    monkeypatch.undo()
    with held_folder(tmp_path):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_root_may_use_what_is_roots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    used_by(0, tmp_path, monkeypatch)
    with held_folder(tmp_path / "new"):
        assert (tmp_path / "new/lock").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_as_root_for_real(tmp_path: Path) -> None:
    with held_folder(tmp_path):
        pass
    os.chown(tmp_path / "lock", SOMEBODY.pw_uid, -1)
    with pytest.raises(Foreign), held_folder(tmp_path):
        pytest.fail("it was held")
