"""Damaged backups: whatever is missing, cut short or changed is named by verify and by restore, and never used."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tests.stage.backups import (
    SECRET,
    assert_named,
    content_file,
    cut,
    database_file,
    flip,
    lengthen,
    made,
    office_of,
    opened,
    put_back,
    replaced,
    rewritten,
    stored_file,
    verified,
)
from tests.stage.databases import Place
from tests.stage.rooms import say
from tests.stage.world import World
from veche.storage.engines import StorageFault
from veche.storage.operation.faults import BackupFault, Damaged, Unfinished, WrongPassphrase
from veche.storage.operation.manifests import Backup

pytestmark = pytest.mark.usefixtures("cheap_key")

Harm = Callable[[Backup], None]


HARMS: dict[str, tuple[Harm, str]] = {
    "database cut short": (lambda backup: cut(database_file(backup)), "bytes where|cut short"),
    "database flipped": (lambda backup: flip(database_file(backup)), "SHA-256 differs|damaged"),
    "database gone": (lambda backup: database_file(backup).unlink(), "missing"),
    "settings gone": (lambda backup: stored_file(backup, "veche.toml").unlink(), "veche.toml is missing"),
    "settings flipped": (lambda backup: flip(stored_file(backup, "veche.toml")), "veche.toml"),
    "list flipped": (lambda backup: flip(stored_file(backup, "media")), "media"),
    "list longer": (lambda backup: lengthen(stored_file(backup, "media")), "media has|media: it is damaged"),
    "content gone": (lambda backup: content_file(backup).unlink(), "is missing"),
    "content cut short": (lambda backup: cut(content_file(backup)), "bytes where|cut short"),
    "content flipped": (lambda backup: flip(content_file(backup)), "SHA-256 differs|damaged"),
}


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("passphrase", [None, SECRET], ids=["plain", "sealed"])
async def test_damage_is_named_by_verify_and_by_restore(
    world: World, tmp_path: Path, elsewhere: Place, harm: str, passphrase: str | None
) -> None:
    await office_of(world)
    backup = opened(await made(world, tmp_path / "b", passphrase), SECRET)
    act, named = HARMS[harm]
    act(backup)
    assert_named(verified(backup, tmp_path), named)
    with pytest.raises(Damaged, match=named):
        await put_back(backup, elsewhere)
    assert list(elsewhere.data.iterdir()) == [], "nothing half is left"


@pytest.mark.parametrize("passphrase", [None, SECRET], ids=["plain", "sealed"])
async def test_what_is_whole_is_verified(world: World, tmp_path: Path, passphrase: str | None) -> None:
    await office_of(world)
    backup = opened(await made(world, tmp_path / "b", passphrase), SECRET)
    before = {path: path.read_bytes() for path in backup.folder.rglob("*") if path.is_file()}
    assert verified(backup, tmp_path) == []
    assert {path: path.read_bytes() for path in backup.folder.rglob("*") if path.is_file()} == before


WRONGS = {
    "a position beyond the head": ("UPDATE log_head SET position = 3", "goes to position"),
    "events without their room": ("DELETE FROM rooms", "what is not in rooms"),
    "a device without its account": ("DELETE FROM accounts WHERE user_id LIKE '@anna%'", "what is not in accounts"),
}


@pytest.mark.parametrize("wrong", WRONGS)
async def test_a_database_that_does_not_agree_with_itself_is_named(world: World, tmp_path: Path, wrong: str) -> None:
    await office_of(world)
    sql, named = WRONGS[wrong]
    await world.commands.writer.run(lambda tx: tx.run(sql))
    assert_named(verified(opened(await made(world, tmp_path / "b")), tmp_path), named)


async def test_counts_that_are_wrong_are_named(world: World, tmp_path: Path) -> None:
    await office_of(world)
    backup = opened(await made(world, tmp_path / "b"))
    tables = backup.manifest.tables
    fewer = {**tables, "events": msgspec.structs.replace(tables["events"], rows=1)}
    rewritten(backup, tables=fewer)
    assert_named(verified(opened(backup.folder), tmp_path), "the table events has .* rows, not 1")
    rewritten(backup, position=7)
    assert_named(verified(opened(backup.folder), tmp_path), "the manifest says otherwise")


async def test_a_content_that_the_list_forgot_is_named(world: World, tmp_path: Path) -> None:
    await office_of(world)
    backup = opened(await made(world, tmp_path / "b"))
    replaced(backup, "media", stored_file(backup, "media").read_bytes().splitlines(keepends=True)[0])
    assert_named(verified(opened(backup.folder), tmp_path), "no file of the backup has the contents")


async def test_what_was_backed_up_damaged_is_named_too(world: World, tmp_path: Path) -> None:
    await office_of(world)
    backup = opened(await made(world, tmp_path / "b"))
    replaced(backup, "media", b"nonsense\n")
    assert_named(verified(opened(backup.folder), tmp_path), "the list of files is damaged")
    rewritten(backup, files=tuple(file for file in backup.manifest.files if file.name != "media"))
    assert_named(verified(opened(backup.folder), tmp_path), "does not speak of media")


@pytest.mark.parametrize("engine_name", ["sqlite"])
async def test_a_database_that_was_damaged_when_it_was_backed_up_is_named(world: World, tmp_path: Path) -> None:
    office = await office_of(world)
    for number in range(40):
        await say(office.anna, office.room, f"{number} " * 500)
    backup = opened(await made(world, tmp_path / "b"))
    whole = database_file(backup).read_bytes()
    replaced(backup, "database.sqlite3", b"no database" * 1000)
    assert_named(verified(opened(backup.folder), tmp_path), "cannot be put back")
    page = whole.index(b"39 39 39") // 4096 * 4096
    replaced(backup, "database.sqlite3", whole[:page] + b"\x0d" + bytes(range(255)) + whole[page + 256 :])
    assert verified(opened(backup.folder), tmp_path)


@pytest.mark.parametrize("engine_name", ["postgres"])
@pytest.mark.parametrize("target_name", ["sqlite"])
async def test_rows_that_break_a_constraint_are_a_clear_fault(world: World, tmp_path: Path, elsewhere: Place) -> None:
    await office_of(world)
    backup = opened(await made(world, tmp_path / "b"))
    text = stored_file(backup, "tables/rooms.copy").read_bytes()
    replaced(backup, "tables/rooms.copy", text[:-2] + text[19:])
    with pytest.raises(StorageFault, match="UNIQUE"):
        await put_back(opened(backup.folder), elsewhere)
    assert list(elsewhere.data.iterdir()) == []


async def test_a_backup_of_a_newer_version_is_refused(world: World, tmp_path: Path) -> None:
    backup = opened(await made(world, tmp_path / "b"))
    rewritten(backup, schema=backup.manifest.schema + 1, version="99.0")
    with pytest.raises(BackupFault, match=r"Veche 99\.0, which is newer"):
        opened(backup.folder)
    rewritten(backup, format=2, version="99.0")
    with pytest.raises(BackupFault, match=r"Veche 99\.0, which is newer"):
        opened(backup.folder)


async def test_a_backup_without_a_manifest_was_never_finished(world: World, tmp_path: Path) -> None:
    folder = await made(world, tmp_path / "b")
    (folder / "manifest.json").unlink()
    with pytest.raises(Unfinished, match="never finished"):
        opened(folder)
    with pytest.raises(BackupFault, match="there is no backup"):
        opened(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(Unfinished):
        opened(tmp_path / "empty")


@pytest.mark.parametrize("passphrase", [None, SECRET], ids=["plain", "sealed"])
async def test_a_damaged_manifest_is_named(world: World, tmp_path: Path, passphrase: str | None) -> None:
    folder = await made(world, tmp_path / "b", passphrase)
    [path] = folder.glob("manifest.*")
    whole = path.read_bytes()
    for text in (b"", b"{}", whole[: len(whole) // 2], whole.replace(b"2", b"3"), b"\xff" + whole):
        path.write_bytes(text)
        with pytest.raises(Damaged):
            opened(folder, SECRET)
    path.write_bytes(whole)
    opened(folder, SECRET)


async def test_a_manifest_cannot_lead_out_of_its_folder(world: World, tmp_path: Path) -> None:
    backup = opened(await made(world, tmp_path / "b"))
    file = backup.manifest.files[0]
    for changed_file in ({"stored": "../../data/veche.sqlite3"}, {"name": "tls/../../x"}, {"name": "/etc/cron.d/x"}):
        files = (msgspec.structs.replace(file, **changed_file), *backup.manifest.files[1:])
        rewritten(backup, files=files)
        with pytest.raises(Damaged, match="no backup has"):
            opened(backup.folder)


async def test_the_wrong_passphrase_is_called_that(world: World, tmp_path: Path) -> None:
    folder = await made(world, tmp_path / "b", SECRET)
    with pytest.raises(WrongPassphrase, match="the passphrase is wrong"):
        opened(folder, "another one")
