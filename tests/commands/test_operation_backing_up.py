"""Backing up: what a backup holds, what backups share, what goes wrong and leaves nothing behind, which are removed."""

import asyncio
import hashlib
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import msgspec
import pytest

from tests.cast import ANNA, BORIS
from tests.stage.backups import SECRET, made, make, opened
from tests.stage.media import Faulty, id_of, stored, upload, with_blobs
from tests.stage.rooms import found, say
from tests.stage.world import World
from veche.commands import media
from veche.commands.context import Context
from veche.commands.operation.backing_up import UNDER_WAY, back_up, begin_backup, begin_due_backup
from veche.domain.ids import Digest
from veche.domain.operation.backups import Outcome, Wish
from veche.domain.refusals import Refused
from veche.domain.sessions import OPERATOR
from veche.queries.operation import backup_state, last_backup
from veche.storage.blobs import BlobMissing, BlobsAway
from veche.storage.operation import making, pace, placing
from veche.storage.operation.manifests import Backup
from veche.storage.operation.shelf import Shelf
from veche.storage.writer import FULL

pytestmark = pytest.mark.usefixtures("cheap_key")


def files_in(folder: Path) -> list[str]:
    """Return the paths of all files below a folder, but for the lock."""
    found_paths = (path for path in folder.rglob("*") if path.is_file() and path.name != "lock")
    return sorted(str(path.relative_to(folder)) for path in found_paths)


def contents_in(folder: Path) -> set[str]:
    """Return the names of the contents that backups share."""
    return {path.name for path in folder.glob("media/*/??/*")}


def read_all(backup: Backup) -> dict[str, bytes]:
    """Read every file of a backup."""
    return {file.name: b"".join(backup.parts(file)) for file in backup.manifest.files}


def content_of(backup: Backup) -> set[bytes]:
    """Read every content of a backup."""
    return {b"".join(backup.content_parts(kept)) for kept in backup.present()}


@pytest.mark.parametrize("passphrase", [None, SECRET], ids=["plain", "sealed"])
async def test_a_backup_holds_everything(world: World, tmp_path: Path, passphrase: str | None) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    await say(anna, room)
    await upload(anna, b"a letter")
    await upload(anna, b"a picture")
    (world.place.data / "veche.toml").write_text("port = 8123\n")
    (world.place.data / "tls").mkdir(exist_ok=True)
    (world.place.data / "tls" / "ca.key").write_text("very secret")
    position = await world.queries.reader.run(lambda at: at.position)
    backup = opened(await made(world, tmp_path / "b", passphrase), SECRET)
    told = backup.manifest
    assert (told.position, told.server_name, told.engine) == (position, "veche.test", world.running.engine.name)
    assert told.tables["accounts"].rows == 1
    assert told.contents.count == 2
    files = read_all(backup)
    assert files["veche.toml"] == b"port = 8123\n"
    assert files["tls/ca.key"] == b"very secret"
    assert content_of(backup) == {b"a letter", b"a picture"}
    assert not (world.place.data / "backup.work").exists()


async def test_a_sealed_backup_tells_nothing_to_those_without_its_passphrase(world: World, tmp_path: Path) -> None:
    anna = await world.person(ANNA)
    await upload(anna, b"a letter")
    (world.place.data / "veche.toml").write_text("port = 8123\n")
    folder = await made(world, tmp_path / "b", SECRET)
    digest = hashlib.sha256(b"a letter").hexdigest()
    for path in (tmp_path / "b").rglob("*"):
        assert digest not in str(path)
        text = path.read_bytes() if path.is_file() else b""
        for telling in (digest.encode(), b"a letter", b"port", b"anna", b"veche.test", b"SQLite", b"accounts"):
            assert telling not in text, path
    assert {path.name for path in folder.iterdir()} >= {"manifest.sealed", "media.names", "000", "001"}


async def test_backups_share_the_contents_of_files(world: World, tmp_path: Path) -> None:
    anna = await world.person(ANNA)
    await upload(anna, b"old")
    first = await made(world, tmp_path / "b")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "b").glob("media/plain/??/*")}
    await upload(anna, b"new")
    second = await made(world, tmp_path / "b")
    assert contents_in(tmp_path / "b") == {hashlib.sha256(body).hexdigest() for body in (b"old", b"new")}
    assert all(path.stat().st_mtime_ns == ts for path, ts in before.items()), "what is there is not copied again"
    assert content_of(opened(first)) == {b"old"}
    assert content_of(opened(second)) == {b"old", b"new"}


async def test_sealed_backups_share_among_themselves(world: World, tmp_path: Path) -> None:
    anna = await world.person(ANNA)
    await upload(anna, b"letter")
    backups = [
        opened(await made(world, tmp_path / "b", passphrase), passphrase or "")
        for passphrase in (SECRET, None, SECRET, "another passphrase")
    ]
    groups = [backup.cover.group for backup in backups]
    assert groups[0] == groups[2]
    assert len(set(groups)) == 3
    assert len(contents_in(tmp_path / "b")) == 3
    assert all(content_of(backup) == {b"letter"} for backup in backups)


async def test_a_content_that_was_cut_short_in_the_folder_is_copied_again(world: World, tmp_path: Path) -> None:
    anna = await world.person(ANNA)
    await upload(anna, b"letter")
    await made(world, tmp_path / "b")
    [path] = (tmp_path / "b").glob("media/plain/??/*")
    path.write_bytes(b"let")
    assert content_of(opened(await made(world, tmp_path / "b"))) == {b"letter"}


async def test_what_the_store_had_lost_before_is_named_and_no_hindrance(world: World, tmp_path: Path) -> None:
    anna = await world.person(ANNA)
    await upload(anna, b"lost")
    await upload(anna, b"kept")
    lost = Digest(hashlib.sha256(b"lost").hexdigest())
    await world.commands.blobs.delete(lost)
    outcome = await make(world, tmp_path / "b")
    assert (outcome.fault, outcome.missing) == (None, 1)
    backup = opened(Path(outcome.folder))
    assert backup.manifest.contents.missing == (lost,)
    assert content_of(backup) == {b"kept"}
    assert list(backup.missing_contents()) == []


async def test_nothing_is_swept_away_under_a_backup(world: World, tmp_path: Path) -> None:
    """A file is removed, and its contents are to be deleted, after the database was copied."""
    anna = await world.person(ANNA)
    await upload(anna, b"removed meanwhile")
    real = making.Making.absent
    loop = asyncio.get_running_loop()

    async def remove() -> None:
        row = await world.queries.reader.run(lambda at: at.one("SELECT media_id FROM media"))
        assert row is not None
        await media.remove_file(world.commands, anna.asker, row[0])
        await media.delete_removed(world.commands)

    def absent(self: making.Making) -> object:
        asyncio.run_coroutine_threadsafe(remove(), loop).result()
        return real(self)

    with patch.object(making.Making, "absent", absent):
        backup = opened(await made(world, tmp_path / "b"))
    assert content_of(backup) == {b"removed meanwhile"}
    world.clock.advance(seconds=3700)
    assert await media.sweep_store(world.commands) == 1, "it is swept afterwards"
    assert await stored(world) == []


async def failed(world: World, folder: Path, passphrase: str | None = None) -> str:
    """Let a backup fail; return why. Nothing of it is left, and the server goes on."""
    outcome = await make(world, folder, passphrase)
    assert outcome.fault is not None
    assert not [path for path in files_in(folder) if path.startswith("veche-") or path.endswith(".new")]
    assert not (world.place.data / "backup.work").exists()
    boris = await world.person(BORIS)
    await found(boris)
    return outcome.fault


async def test_without_room_on_the_disk_nothing_is_left(world: World, tmp_path: Path) -> None:
    with patch.object(pace.Pace.__init__, "__kwdefaults__", {"hurries": False, "least_room": 2**60}):
        assert "no room" in await failed(world, tmp_path / "b")


async def test_a_disk_that_fills_up_meanwhile_leaves_nothing(world: World, tmp_path: Path) -> None:
    anna = await world.person(ANNA)
    await upload(anna, b"letter")
    full = OSError(28, "No space left on device")
    with patch.object(making.Making, "new_content", side_effect=full):
        assert await failed(world, tmp_path / "b") == f"no room is left in {tmp_path / 'b'}"


async def test_a_store_that_is_away_is_a_clear_fault(world: World, tmp_path: Path) -> None:
    anna = await world.person(ANNA)
    await upload(anna, b"letter")
    blobs = Faulty(world.commands.blobs)
    blobs.faults["read"] = BlobsAway("the store does not answer")
    outcome = await back_up(with_blobs(world, blobs), OPERATOR, Wish(str(tmp_path / "b")))
    assert outcome.fault == "the store does not answer"
    assert not list((tmp_path / "b").glob("veche-*"))


class Forgetful(Faulty):
    """A store that gives one content and no more."""

    def check(self, step: str) -> None:
        if step == "read" and self.opened:
            raise BlobsAway("the store does not answer any more")


async def test_a_store_that_goes_away_meanwhile_leaves_nothing(world: World, tmp_path: Path) -> None:
    anna = await world.person(ANNA)
    for body in (b"one", b"two"):
        await upload(anna, body)
    outcome = await back_up(with_blobs(world, Forgetful(world.commands.blobs)), OPERATOR, Wish(str(tmp_path / "b")))
    assert outcome.fault == "the store does not answer any more"
    assert files_in(tmp_path / "b") == []


async def test_many_contents_are_waited_for_together(world: World, tmp_path: Path) -> None:
    anna = await world.person(ANNA)
    bodies = {b"file %d" % number for number in range(5)}
    for body in bodies:
        await upload(anna, body)
    with patch.object(making, "SYNCED_AT_ONCE", 2), patch.object(placing, "SYNCED_AT_ONCE", 1000):
        backup = opened(await made(world, tmp_path / "b"))
    assert content_of(backup) == bodies


async def test_an_outcome_that_cannot_be_written_down_is_told_all_the_same(world: World, tmp_path: Path) -> None:
    with patch("veche.commands.operation.backing_up.note_outcome", side_effect=Refused(FULL)):
        outcome = await make(world, tmp_path / "b")
    assert outcome.fault is None
    assert await last_backup(world.queries) == outcome
    await world.restart()
    assert await last_backup(world.queries) is None


async def test_before_the_first_backup_there_is_nothing_to_wait_for(world: World) -> None:
    state = await backup_state(world.queries, OPERATOR, 60)
    assert (state.number, state.outcome) == (0, None)


async def test_a_folder_that_is_none_is_a_clear_fault(world: World, tmp_path: Path) -> None:
    (tmp_path / "b").write_text("a file")
    outcome = await make(world, tmp_path / "b")
    assert outcome.fault is not None
    assert str(tmp_path / "b") in outcome.fault


async def test_an_unexpected_fault_is_an_outcome_too(world: World, tmp_path: Path) -> None:
    with patch.object(making.Making, "place", side_effect=ValueError("a mistake of ours")):
        assert "see the log" in await failed(world, tmp_path / "b")


@pytest.mark.parametrize(
    ("content", "fault"),
    [(None, "cannot be read"), (b"\n", "no passphrase"), (b"\xff\xfe\n", "not UTF-8")],
)
async def test_without_its_passphrase_no_backup_is_made_unsealed(
    world: World, tmp_path: Path, content: bytes | None, fault: str
) -> None:
    if content is not None:
        (tmp_path / "secret").touch(0o600)
        (tmp_path / "secret").write_bytes(content)
    wish = Wish(str(tmp_path / "b"), passphrase_file=str(tmp_path / "secret"))
    outcome = await back_up(world.commands, OPERATOR, wish)
    assert fault in str(outcome.fault)
    assert not (tmp_path / "b").exists()


async def test_a_passphrase_that_everybody_may_read_is_none(world: World, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o644)
    outcome = await back_up(world.commands, OPERATOR, Wish(str(tmp_path / "b"), passphrase_file=str(secret)))
    assert "chmod 600" in str(outcome.fault)
    assert not (tmp_path / "b").exists()


async def test_names_that_were_forged_let_nothing_be_swept(world: World, tmp_path: Path) -> None:
    anna = await world.person(ANNA)
    uri = await upload(anna, b"only in the first")
    first = await made(world, tmp_path / "b", SECRET)
    await media.remove_file(world.commands, anna.asker, id_of(uri))
    names = first / "media.names"
    names.write_text(names.read_text().translate(str.maketrans("0123456789abcdef", "123456789abcdef0")))
    await made(world, tmp_path / "b", SECRET, keeps=2)
    assert content_of(opened(first, SECRET)) == {b"only in the first"}


async def test_two_do_not_write_into_one_folder_at_once(world: World, tmp_path: Path) -> None:
    with Shelf(tmp_path / "b").held():
        assert "another backup" in await failed(world, tmp_path / "b")
    await made(world, tmp_path / "b")


async def test_only_one_is_made_at_a_time(world: World, tmp_path: Path) -> None:
    wish = Wish(str(tmp_path / "b"))
    assert await begin_backup(world.commands, OPERATOR, wish) == 1
    with pytest.raises(Refused) as refused:
        await begin_backup(world.commands, OPERATOR, wish)
    assert refused.value.refusal == UNDER_WAY
    state = await backup_state(world.queries, OPERATOR, 60)
    assert state.outcome is not None
    assert (state.number, state.outcome.fault) == (1, None)
    assert state.done > 0


async def test_only_whoever_runs_the_server_makes_backups(world: World, tmp_path: Path) -> None:
    anna = await world.person(ANNA)
    for asked in (back_up, begin_backup):
        with pytest.raises(Refused):
            await asked(world.commands, anna.asker, Wish(str(tmp_path / "b")))
    with pytest.raises(Refused):
        await backup_state(world.queries, anna.asker, 0)
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("step", ["begin", "copy", "place", "finish"])
async def test_a_backup_is_ended_with_the_server_and_leaves_nothing_half(
    world: World, tmp_path: Path, step: str
) -> None:
    anna = await world.person(ANNA)
    await upload(anna, b"letter")
    loop, reached, real = asyncio.get_running_loop(), asyncio.Event(), getattr(making.Making, step)

    def telling(self: making.Making, *params: object) -> object:
        result = real(self, *params)
        loop.call_soon_threadsafe(reached.set)
        return result

    with patch.object(making.Making, step, telling):
        await begin_backup(world.commands, OPERATOR, Wish(str(tmp_path / "b")))
        await reached.wait()
        await world.restart()
    whole = [opened(folder) for folder in (tmp_path / "b").glob("veche-*")]
    assert all(content_of(backup) == {b"letter"} for backup in whole)
    assert not (world.place.data / "backup.work").exists()
    await made(world, tmp_path / "b")


async def test_what_a_killed_backup_left_is_cleared_away(world: World, tmp_path: Path) -> None:
    left = tmp_path / "b" / "veche-20200101T000000Z.partial"
    (left / "tables").mkdir(parents=True)
    foreign = tmp_path / "b" / "holiday pictures"
    foreign.mkdir()
    (world.place.data / "backup.work").mkdir()
    (world.place.data / "backup.work" / "database.sqlite3").write_bytes(b"half")
    await world.restart()
    assert not (world.place.data / "backup.work").exists(), "it takes room from the server"
    await made(world, tmp_path / "b")
    assert not left.exists()
    assert foreign.exists()


async def test_old_backups_and_what_only_they_need_are_removed(world: World, tmp_path: Path) -> None:
    anna = await world.person(ANNA)
    uri = await upload(anna, b"only in the first")
    first = await made(world, tmp_path / "b", keeps=2)
    await media.remove_file(world.commands, anna.asker, id_of(uri))
    await upload(anna, b"in the later ones")
    second = await made(world, tmp_path / "b", keeps=2)
    assert first.exists()
    world.clock.advance(seconds=1)
    third = await made(world, tmp_path / "b", keeps=2)
    assert (first.exists(), second.exists(), third.exists()) == (False, True, True)
    assert contents_in(tmp_path / "b") == {hashlib.sha256(b"in the later ones").hexdigest()}
    assert content_of(opened(second)) == content_of(opened(third)) == {b"in the later ones"}


async def test_what_is_not_ours_or_not_whole_or_not_to_be_opened_stays(world: World, tmp_path: Path) -> None:
    shelf = tmp_path / "b"
    sealed = await made(world, shelf, "another passphrase")
    await made(world, tmp_path / "c", "one passphrase")
    (tmp_path / "c" / "veche-20000101T000000Z").mkdir()
    await made(world, tmp_path / "c", "another passphrase", keeps=1)
    assert len(list((tmp_path / "c").glob("veche-*"))) == 3
    broken = await made(world, shelf)
    (broken / "manifest.json").unlink()
    other = await made(world, shelf)
    text = (other / "manifest.json").read_text()
    inner = text[text.index('"manifest":') + 11 : -2].replace("veche.test", "else.test")
    digest = hashlib.sha256(inner.encode()).hexdigest()
    (other / "manifest.json").write_text(f'{{"sha256":"{digest}","manifest":{inner}}}\n')
    (shelf / "veche-notes.txt").write_text("mine")
    for _ in range(3):
        world.clock.advance(seconds=1)
        last = await made(world, shelf, keeps=1)
    assert {path.name for path in shelf.glob("veche-*")} == {
        sealed.name,
        broken.name,
        other.name,
        last.name,
        "veche-notes.txt",
    }


async def test_what_earlier_passphrases_open_is_removed_too(
    world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    anna = await world.person(ANNA)
    uri = await upload(anna, b"only in the first")
    shelf, file = tmp_path / "b", tmp_path / "passphrases"
    file.touch(0o600)
    lost = await made(world, shelf, "a lost passphrase")
    first, plain = await made(world, shelf, "the first passphrase"), await made(world, shelf)
    await media.remove_file(world.commands, anna.asker, id_of(uri))
    for text, left in (
        ("the present passphrase\n", {lost, first}),
        ("the present passphrase\n\nnone of these\nthe first passphrase\n", {lost}),
    ):
        file.write_text(text)
        world.clock.advance(seconds=1)
        wish = Wish(str(shelf), None, str(file), 1)
        newest = Path((await back_up(world.commands, OPERATOR, wish)).folder)
        assert {*shelf.glob("veche-*")} == left | {newest}
        assert not plain.exists()
        assert f"{len(left)} backups are sealed with other passphrases and stay" in caplog.messages[-1]
    assert len(contents_in(shelf)) == 1, "what only the one needs that nobody can open"


async def test_contents_are_not_swept_while_it_is_unclear_who_needs_them(world: World, tmp_path: Path) -> None:
    anna = await world.person(ANNA)
    uri = await upload(anna, b"needed by one that cannot be read")
    first = await made(world, tmp_path / "b")
    (first / "media").write_text("damaged\n")
    await media.remove_file(world.commands, anna.asker, id_of(uri))
    await made(world, tmp_path / "b", keeps=5)
    assert len(contents_in(tmp_path / "b")) == 1


async def test_what_else_lies_among_the_contents_stays(world: World, tmp_path: Path) -> None:
    anna = await world.person(ANNA)
    await upload(anna, b"letter")
    await made(world, tmp_path / "b", keeps=1)
    [folder] = (tmp_path / "b").glob("media/plain/??")
    (folder / "README").write_text("mine")
    (folder / f"{'0' * 64}.new").write_text("half")
    (folder / ("0" * 64)).write_text("nobody's")
    await made(world, tmp_path / "b", keeps=1)
    assert {path.name for path in folder.iterdir()} == {"README", hashlib.sha256(b"letter").hexdigest()}


async def test_without_a_number_to_keep_nothing_is_removed(world: World, tmp_path: Path) -> None:
    for _ in range(3):
        await made(world, tmp_path / "b")
    assert len(list((tmp_path / "b").glob("veche-*"))) == 3


async def ended(world: World) -> Outcome:
    """Wait for the backup under way."""
    state = await backup_state(world.queries, OPERATOR, 60)
    assert state.outcome is not None
    return state.outcome


def limited(world: World, folder: Path, **more: object) -> Context:
    """The commands of a world with a nightly backup."""
    limits = msgspec.structs.replace(world.commands.limits, backup_folder=str(folder), **more)
    return msgspec.structs.replace(world.commands, limits=limits)


async def test_the_nightly_one_is_made_once_a_day(world: World, tmp_path: Path) -> None:
    begun = datetime.fromtimestamp(world.clock() / 1000).astimezone()
    ctx = limited(world, tmp_path / "b", backup_copies=2, backup_hour=begun.hour)
    names = set[str]()
    for day in range(4):
        assert await begin_due_backup(ctx, OPERATOR, begun + timedelta(days=day)) is not None
        assert (await ended(world)).fault is None
        assert await begin_due_backup(ctx, OPERATOR, begun + timedelta(days=day, minutes=1)) is None
        names |= {path.name for path in (tmp_path / "b").glob("veche-*")}
        world.clock.advance(seconds=86_400)
    assert len(names) == 4
    assert len(list((tmp_path / "b").glob("veche-*"))) == 2


async def test_how_the_last_one_ended_is_remembered_and_told(world: World, tmp_path: Path) -> None:
    assert await last_backup(world.queries) is None
    good = await make(world, tmp_path / "b")
    await world.restart()
    assert await last_backup(world.queries) == good
    answer = (await world.call("GET", "/health")).ok()
    assert answer["backup"] == {"is_whole": True, "ended_ts": good.ended_ts}
    (tmp_path / "c").write_text("a file")
    bad = await make(world, tmp_path / "c")
    assert (await world.call("GET", "/health")).ok()["backup"] == {"is_whole": False, "ended_ts": bad.ended_ts}


async def test_a_content_that_vanishes_while_it_is_read_counts_as_lost(world: World, tmp_path: Path) -> None:
    anna = await world.person(ANNA)
    await upload(anna, b"x" * 700_000)
    blobs = Faulty(world.commands.blobs)
    blobs.faults["read"] = BlobMissing("it is cut short")
    outcome = await back_up(with_blobs(world, blobs), OPERATOR, Wish(str(tmp_path / "b")))
    assert (outcome.fault, outcome.missing) == (None, 1)
    assert contents_in(tmp_path / "b") == set()
