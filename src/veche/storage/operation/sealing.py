"""Sealing a backup with a passphrase: scrypt opens a random key, AES-256-GCM covers every file chunk by chunk.

Nothing of a sealed file can be changed, exchanged, cut off or put in another order without being noticed. Loaded only
where there is a passphrase.
"""

import base64
import hmac
import os
import unicodedata
from collections.abc import Iterator
from hashlib import scrypt, sha256
from typing import BinaryIO

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from veche.base import json
from veche.domain.ids import Digest
from veche.storage.operation.covers import PART
from veche.storage.operation.faults import Damaged, WrongPassphrase

_MAGIC = b"veche sealed 1\n\x00"
_SALT = 16
_TAG = 16
_NONCE = 12
_KEY = 32
_COST, _BLOCK, _LANES = 2**16, 8, 2  # 64 MiB; a guess takes as long as OWASP wants it to
_MOST_WORK = 2**30


class SealedKey(msgspec.Struct, frozen=True):
    """A random key that only the passphrase opens, and how; ``check`` tells damage from a wrong passphrase."""

    name: str
    cost: int
    block: int
    lanes: int
    salt: str
    sealed: str
    check: str = ""


class Seal:
    """Files sealed with one key."""

    is_sealed = True

    def __init__(self, key: bytes, sealed: SealedKey) -> None:
        self._key = key
        self._names = _derived(key, b"", b"names")
        self.sealed = sealed
        self.group = sealed.name

    def name_of(self, digest: Digest) -> str:
        """The name says nothing about the content to those who lack the key."""
        return hmac.new(self._names, digest.encode(), sha256).hexdigest()

    def size_of(self, size: int) -> int:
        """A header, and a tag for each chunk; what is empty has one chunk."""
        return len(_MAGIC) + _SALT + size + _TAG * max(1, -(-size // PART))

    def sink(self, file: BinaryIO, name: str) -> "_Sealing":
        """Begin to seal a file called ``name``."""
        salt = os.urandom(_SALT)
        file.write(_MAGIC + salt)
        return _Sealing(file, AESGCM(_derived(self._key, salt, b"file")), name)

    def parts(self, file: BinaryIO, name: str) -> Iterator[bytes]:
        """Unseal a file called ``name``, each part checked before it is given."""
        head = file.read(len(_MAGIC) + _SALT)
        if len(head) < len(_MAGIC) + _SALT or not head.startswith(_MAGIC):
            raise Damaged(f"{name}: this is not a sealed file, or its beginning is damaged")
        cipher, number = AESGCM(_derived(self._key, head[len(_MAGIC) :], b"file")), 0
        chunk = file.read(PART + _TAG)
        while True:
            following = file.read(PART + _TAG)
            try:
                part = cipher.decrypt(_nonce(number, is_last=not following), chunk, name.encode())
            except (InvalidTag, ValueError):
                raise Damaged(f"{name}: it is damaged, or cut short, after {number * PART:,} bytes") from None
            if part:
                yield part
            if not following:
                return
            chunk, number = following, number + 1


class _Sealing:
    """One file being sealed. A chunk is written when it is known whether another follows."""

    def __init__(self, file: BinaryIO, cipher: AESGCM, name: str) -> None:
        self._file = file
        self._cipher = cipher
        self._name = name.encode()
        self._waiting = bytearray()
        self._number = 0

    def write(self, part: bytes) -> None:
        """Take the next bytes."""
        self._waiting += part
        while len(self._waiting) > PART:
            self._seal(bytes(self._waiting[:PART]), is_last=False)
            del self._waiting[:PART]

    def finish(self) -> None:
        """Seal the last chunk as the last."""
        self._seal(bytes(self._waiting), is_last=True)
        self._waiting.clear()

    def _seal(self, chunk: bytes, *, is_last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, is_last=is_last), chunk, self._name))
        self._number += 1


def new_seal(passphrase: str) -> Seal:
    """Make a new key that this passphrase opens; takes about half a second and 64 MiB."""
    key, salt, nonce = os.urandom(_KEY), os.urandom(_SALT), os.urandom(_NONCE)
    bare = SealedKey(os.urandom(8).hex(), _COST, _BLOCK, _LANES, _text(salt), "")
    cipher = AESGCM(_stretched(passphrase, bare, salt))
    filled = msgspec.structs.replace(bare, sealed=_text(nonce + cipher.encrypt(nonce, key, json.encode(bare))))
    return Seal(key, msgspec.structs.replace(filled, check=_check(filled)))


def opened(sealed: SealedKey, passphrase: str) -> Seal:
    """Open a sealed key; raises ``WrongPassphrase``, or ``Damaged`` where that is not to blame."""
    bare = msgspec.structs.replace(sealed, sealed="", check="")
    if not hmac.compare_digest(sealed.check, _check(msgspec.structs.replace(sealed, check=""))):
        raise Damaged("the sealed key at the beginning is damaged")
    if not (min(sealed.block, sealed.lanes) > 0 and sealed.cost > 1 and _work(sealed) <= _MOST_WORK):
        raise Damaged("the sealed key asks for more work than any of ours, or for none")
    box = _bytes(sealed.sealed)
    try:
        cipher = AESGCM(_stretched(passphrase, sealed, _bytes(sealed.salt)))
        return Seal(cipher.decrypt(box[:_NONCE], box[_NONCE:], json.encode(bare)), sealed)
    except (InvalidTag, ValueError):
        raise WrongPassphrase("the passphrase is wrong") from None


def _check(sealed: SealedKey) -> str:
    return sha256(json.encode(sealed)).hexdigest()


def _stretched(passphrase: str, how: SealedKey, salt: bytes) -> bytes:
    same = unicodedata.normalize("NFC", passphrase)  # whichever way the keyboard makes an accent
    words = same.encode("utf-8", "surrogateescape")
    # The standard library's, because it gives up the interpreter lock meanwhile: nobody else could work for so long.
    return scrypt(words, salt=salt, n=how.cost, r=how.block, p=how.lanes, maxmem=_work(how) + 2**20, dklen=_KEY)


def _work(how: SealedKey) -> int:
    """Return how many bytes scrypt goes through."""
    return 128 * how.cost * how.block * how.lanes


def _derived(key: bytes, salt: bytes, use: bytes) -> bytes:
    return HKDF(SHA256(), length=_KEY, salt=salt, info=b"veche backup " + use).derive(key)


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(_NONCE - 1, "big") + (b"\x01" if is_last else b"\x00")


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise Damaged("the sealed key at the beginning is damaged") from None
