"""The manifest: what a backup holds, written last. A backup without one was never finished.

``manifest.json`` of a plain backup, ``manifest.sealed`` of a sealed one, which begins with the sealed key.
"""

import io
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from veche.domain.ids import Digest, is_digest
from veche.domain.operation.backups import FORMAT, Kept, Manifest, StoredFile, is_safe, may_be_manifest
from veche.storage.operation.covers import Cover, Plain
from veche.storage.operation.faults import BackupFault, Damaged, Unfinished
from veche.storage.operation.files import write_private
from veche.storage.operation.names import CONTENTS, LIST, MANIFEST, NAMES, SEALED_MANIFEST

if TYPE_CHECKING:
    from veche.storage.operation.sealing import SealedKey

_MOST_BYTES = 64 * 2**20
_LONGEST_KEY = 4096
Ask = Callable[[], str]


class _Envelope(msgspec.Struct, frozen=True):
    sha256: str
    manifest: msgspec.Raw


class _Version(msgspec.Struct, frozen=True):
    format: int
    version: str


class Backup:
    """A backup that can be read: its manifest is there and whole."""

    def __init__(self, folder: Path, manifest: Manifest, cover: Cover) -> None:
        self.folder = folder
        self.manifest = manifest
        self.cover = cover

    def file(self, name: str) -> StoredFile:
        """Return what the manifest says of a file."""
        found = next((file for file in self.manifest.files if file.name == name), None)
        if found is None:
            raise Damaged(f"the manifest does not speak of {name}")
        return found

    def parts(self, file: StoredFile) -> Iterator[bytes]:
        """Read a file; raises ``Damaged``, at the latest behind the last part, unless it is what was backed up."""
        yield from self._checked(self.folder / file.stored, file.name, file.size, file.sha256)

    def contents(self) -> Iterator[Kept]:
        """Return the contents that belong to the backup."""
        text = b"".join(self.parts(self.file(LIST)))
        for line in text.decode("ascii", "replace").splitlines():
            digest, _, size = line.partition(" ")
            if not is_digest(digest) or not size.isdecimal():
                raise Damaged("the list of files is damaged")
            yield Kept(Digest(digest), int(size))

    def present(self) -> Iterator[Kept]:
        """Return those contents that were not lost before the backup was made."""
        lost = set(self.manifest.contents.missing)
        return (kept for kept in self.contents() if kept.digest not in lost)

    def content_parts(self, kept: Kept) -> Iterator[bytes]:
        """Read a content; raises ``Damaged`` as ``parts`` does."""
        path = self.content_path(kept.digest)
        yield from self._checked(path, kept.digest, kept.size, kept.digest)

    def content_path(self, digest: Digest) -> Path:
        """Return where a content lies: beside the backup."""
        name = self.cover.name_of(digest)
        return self.folder.parent / CONTENTS / self.cover.group / name[:2] / name

    def missing_files(self) -> Iterator[str]:
        """Look for every file without reading it; return a sentence for each that is not as long as it was."""
        places = [(file.name, self.folder / file.stored, file.size) for file in self.manifest.files]
        return filter(None, (self._look(*place) for place in places))

    def missing_contents(self) -> Iterator[tuple[Kept, str]]:
        """The same for contents."""
        for kept in self.present():
            fault = self._look(f"the file {kept.digest}", self.content_path(kept.digest), kept.size)
            if fault:
                yield kept, fault

    def _look(self, name: str, path: Path, size: int) -> str | None:
        try:
            found = path.stat().st_size
        except FileNotFoundError:
            return f"{name} is missing"
        wanted = self.cover.size_of(size)
        return None if found == wanted else f"{name} has {found:,} bytes where {wanted:,} were written"

    def _checked(self, path: Path, name: str, size: int, digest: str) -> Iterator[bytes]:
        found, read = sha256(), 0
        with _opened(path, name) as file:
            for part in self.cover.parts(file, name):
                found.update(part)
                read += len(part)
                if read <= size:
                    yield part
        if read != size:
            raise Damaged(f"{name} has {read:,} bytes where {size:,} were backed up")
        if found.hexdigest() != digest:
            raise Damaged(f"{name} is not what was backed up: its SHA-256 differs")


def write_manifest(folder: Path, manifest: Manifest, cover: Cover) -> None:
    """Write the manifest, and with it finish a backup; it is on the disk afterwards."""
    inner = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    text = b'{"sha256":"%b","manifest":%b}\n' % (sha256(inner).hexdigest().encode(), inner)
    if not cover.is_sealed:
        return write_private(folder / MANIFEST, text)
    from veche.storage.operation.sealing import Seal

    assert isinstance(cover, Seal)
    sealed = io.BytesIO()
    sink = cover.sink(sealed, SEALED_MANIFEST)
    sink.write(text)
    sink.finish()
    return write_private(folder / SEALED_MANIFEST, written_key(cover.sealed) + b"\n" + sealed.getvalue())


def open_backup(folder: Path, passphrase: Ask, known: Cover | None = None, *, must_be_sealed: bool = False) -> Backup:
    """Open a backup; ``passphrase`` is asked for only where one is needed, and ``known`` does not cover it.

    ``must_be_sealed`` is said by whoever has a passphrase: an unsealed one could be put in the place of a sealed one
    by anybody who may write there. Raises ``Unfinished``, ``WrongPassphrase``, ``Damaged``, or ``BackupFault`` for
    what is no backup of ours.
    """
    _expect_one_manifest(folder)
    if (folder / MANIFEST).exists():
        if must_be_sealed:
            raise BackupFault(f"{folder} is not sealed: if you trust it all the same, leave the passphrase out")
        return Backup(folder, _decoded((folder / MANIFEST).read_bytes()), Plain())
    if (folder / SEALED_MANIFEST).exists():
        return _open_sealed(folder, passphrase, known)
    if not folder.is_dir():
        raise BackupFault(f"there is no backup {folder}")
    raise Unfinished(f"{folder} is no whole backup: it has no manifest, so it was never finished")


def group_of(folder: Path) -> str:
    """Return with which group of contents a backup was kept; raises ``Unfinished`` where nobody can say."""
    _expect_one_manifest(folder)
    if (folder / MANIFEST).exists():
        return Plain.group
    if not (folder / SEALED_MANIFEST).exists():
        raise Unfinished(f"{folder} has no manifest")
    with (folder / SEALED_MANIFEST).open("rb") as file:
        return read_key(file.readline(_LONGEST_KEY)).name


def names_in(folder: Path) -> set[str]:
    """Return under which names the contents lie that a backup refers to."""
    path = folder / NAMES
    lines = (path if path.exists() else folder / LIST).read_bytes().decode("ascii", "replace").splitlines()
    names = {line.partition(" ")[0] for line in lines}
    if not all(map(is_digest, names)):
        raise Damaged(f"the list of files of {folder} is damaged")
    return names


def expect_names(backup: Backup) -> None:
    """Raise ``Damaged`` where the names that stand beside a sealed backup are not those of its contents."""
    if backup.cover.is_sealed:
        real = {backup.cover.name_of(kept.digest) for kept in backup.contents()}
        try:
            if names_in(backup.folder) == real:
                return
        except OSError:
            pass
        raise Damaged(f"the file {NAMES} does not name the contents of the backup")


def read_key(line: bytes) -> "SealedKey":
    """Read a sealed key."""
    from veche.storage.operation.sealing import SealedKey

    try:
        found = msgspec.json.decode(line, type=SealedKey)
    except (msgspec.DecodeError, UnicodeDecodeError):
        found = None
    if found is None or not is_safe(found.name):
        raise Damaged("the sealed key at the beginning is damaged")
    return found


def written_key(key: "SealedKey") -> bytes:
    """Return a sealed key as it is stored: one line of JSON."""
    return msgspec.json.encode(key)


def _expect_one_manifest(folder: Path) -> None:
    if (folder / MANIFEST).exists() and (folder / SEALED_MANIFEST).exists():
        raise Damaged(f"{folder} has two manifests, one sealed and one not: somebody has changed it")


def _open_sealed(folder: Path, passphrase: Ask, known: Cover | None) -> Backup:
    from veche.storage.operation.sealing import opened

    with _opened(folder / SEALED_MANIFEST, SEALED_MANIFEST) as file:
        key = read_key(file.readline(_LONGEST_KEY))
        seal = known if known is not None and known.group == key.name else opened(key, passphrase())
        text = b"".join(seal.parts(file, SEALED_MANIFEST))
    return Backup(folder, _decoded(text), seal)


def _decoded(text: bytes) -> Manifest:
    try:
        envelope = msgspec.json.decode(text, type=_Envelope)
        inner = bytes(envelope.manifest)
        if sha256(inner).hexdigest() != envelope.sha256:
            raise Damaged("the manifest is damaged: its SHA-256 differs")
        version = msgspec.json.decode(inner, type=_Version)
        if version.format > FORMAT:
            raise BackupFault(f"the backup was made by Veche {version.version}, which is newer than this one")
        manifest = msgspec.json.decode(inner, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Damaged("the manifest is damaged: it cannot be read") from None
    if not may_be_manifest(manifest):
        raise Damaged("the manifest speaks of files or tables that no backup has")
    return manifest


def _opened(path: Path, name: str) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise Damaged(f"{name} is missing") from None
