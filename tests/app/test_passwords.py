"""The file of made-up passwords: who may read it, what it keeps, and what it must not touch."""

import stat
from pathlib import Path

import pytest

from veche.app.cli.faults import Fault
from veche.app.cli.passwords import PasswordFile, made_up_password
from veche.domain.accounts.importing import Line, NewPerson


def completed(book: PasswordFile, *names: str) -> list[NewPerson]:
    """Return people with passwords."""
    return [book.completed(Line(1, NewPerson(name))).person for name in names]


def test_made_up_passwords_differ_and_hold_every_kind_of_character() -> None:
    made = {made_up_password() for _ in range(200)}
    assert len(made) == 200
    for password in made:
        assert [len(group) for group in password.split("-")] == [4] * 5
        assert any(map(str.islower, password))
        assert any(map(str.isupper, password))
        assert any(map(str.isdigit, password))


def test_what_is_kept_is_found_again_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    book = PasswordFile(path)
    people = completed(book, "Anna", "=boris", "carla")
    book.keep(people[:2])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = PasswordFile(path)
    found = completed(again, "anna", "=boris", "carla")
    assert [person.password for person in found][:2] == [person.password for person in people][:2]
    assert found[2].password != people[2].password
    again.keep(found)
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(";")[0] for line in lines] == ["user name", "Anna", "'=boris", "carla"]


def test_a_password_that_was_given_is_not_written_down(tmp_path: Path) -> None:
    book = PasswordFile(tmp_path / "p.csv")
    line = Line(1, NewPerson("anna", password="given"))
    assert book.completed(line) == line
    book.keep([line.person])
    assert not book.has_kept
    assert not book.path.exists()


def test_a_line_that_was_cut_off_is_nobodys_password(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    book = PasswordFile(path)
    book.keep(completed(book, "anna", "boris"))
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    again = PasswordFile(path)
    again.keep(completed(again, "anna", "boris"))
    lines = path.read_bytes().splitlines(keepends=True)
    assert lines[:2] == whole.splitlines(keepends=True)[:2]
    assert len(lines) == 3
    assert lines[2] != whole.splitlines(keepends=True)[2]


def test_an_empty_file_is_taken(tmp_path: Path) -> None:
    (tmp_path / "p.csv").touch(0o644)
    book = PasswordFile(tmp_path / "p.csv")
    book.keep(completed(book, "anna"))
    assert stat.S_IMODE(book.path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["login\nanna\n", "\ufeffuser name;full name\n"])
def test_another_file_is_not_touched(tmp_path: Path, content: str) -> None:
    (tmp_path / "p.csv").write_text(content)
    with pytest.raises(Fault, match="no file of made-up passwords"):
        PasswordFile(tmp_path / "p.csv")
    assert (tmp_path / "p.csv").read_text() == content


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "p.csv").symlink_to(tmp_path / "elsewhere.csv")
    book = PasswordFile(tmp_path / "p.csv")
    with pytest.raises(OSError, match="symbolic links"):
        book.keep(completed(book, "anna"))
    assert not (tmp_path / "elsewhere.csv").exists()
