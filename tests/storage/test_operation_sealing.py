"""Sealed files: what was sealed comes back, and nothing that was changed does."""

import io
from unittest.mock import patch

import msgspec
import pytest

from veche.domain.ids import Digest
from veche.storage.operation import sealing
from veche.storage.operation.covers import PART
from veche.storage.operation.faults import Damaged, WrongPassphrase
from veche.storage.operation.sealing import Seal, new_seal

HEAD = 31
CHUNK = PART + 16
NAME = "database.sqlite3"


@pytest.fixture(scope="module")
def seal() -> Seal:
    """A key that the passphrase ``open`` opens, without much ado."""
    with patch.object(sealing, "_COST", 2**8):
        return new_seal("open")


def sealed(seal: Seal, content: bytes, name: str = NAME, piece: int = 100_000) -> bytes:
    """Seal a content that comes in pieces."""
    file = io.BytesIO()
    sink = seal.sink(file, name)
    for start in range(0, len(content), piece):
        sink.write(content[start : start + piece])
    sink.finish()
    return file.getvalue()


def unsealed(seal: Seal, text: bytes, name: str = NAME) -> bytes:
    """Unseal a whole file."""
    return b"".join(seal.parts(io.BytesIO(text), name))


@pytest.mark.parametrize("size", [0, 1, 15, PART - 1, PART, PART + 1, 3 * PART, 3 * PART + 7])
@pytest.mark.parametrize("piece", [1_000_000, 70_001])
def test_what_was_sealed_comes_back(seal: Seal, size: int, piece: int) -> None:
    content = bytes(number * 7 % 251 for number in range(1000)) * (size // 1000 + 1)
    content = content[:size]
    text = sealed(seal, content, piece=piece)
    assert len(text) == seal.size_of(size)
    assert unsealed(seal, text) == content
    assert size < 100 or content[:50] not in text


def test_the_same_content_never_looks_the_same(seal: Seal) -> None:
    assert sealed(seal, b"hello") != sealed(seal, b"hello")


TEXT = b"abcdefgh" * (PART // 4)  # two chunks and an empty third would be a mistake


@pytest.mark.parametrize("at", [0, 14, 15, 30, HEAD, HEAD + PART, HEAD + CHUNK - 1, HEAD + CHUNK, -1, -17])
def test_a_flipped_bit_is_noticed_wherever_it_is(seal: Seal, at: int) -> None:
    text = bytearray(sealed(seal, TEXT))
    text[at] ^= 1
    with pytest.raises(Damaged, match="damaged"):
        unsealed(seal, bytes(text))


@pytest.mark.parametrize("size", [0, 10, HEAD, HEAD + 5, HEAD + CHUNK, HEAD + CHUNK + 1, HEAD + 2 * CHUNK - 1])
def test_a_file_that_is_cut_short_is_noticed(seal: Seal, size: int) -> None:
    with pytest.raises(Damaged):
        unsealed(seal, sealed(seal, TEXT)[:size])


def test_more_than_was_sealed_is_noticed(seal: Seal) -> None:
    text = sealed(seal, TEXT)
    for more in (b"x", text[HEAD:], text[-CHUNK:]):
        with pytest.raises(Damaged):
            unsealed(seal, text + more)


def test_chunks_in_another_order_are_noticed(seal: Seal) -> None:
    text = sealed(seal, TEXT + b"!" * 10)
    first, second = text[HEAD : HEAD + CHUNK], text[HEAD + CHUNK : HEAD + 2 * CHUNK]
    with pytest.raises(Damaged):
        unsealed(seal, text[:HEAD] + second + first + text[HEAD + 2 * CHUNK :])


def test_one_file_in_place_of_another_is_noticed(seal: Seal) -> None:
    with pytest.raises(Damaged):
        unsealed(seal, sealed(seal, b"port = 1", "veche.toml"), NAME)


def test_chunks_of_another_file_are_noticed(seal: Seal) -> None:
    one, other = sealed(seal, b"yes"), sealed(seal, b"no!")
    with pytest.raises(Damaged):
        unsealed(seal, one[:HEAD] + other[HEAD:])


def test_only_the_passphrase_opens_the_key(seal: Seal) -> None:
    again = sealing.opened(seal.sealed, "open")
    assert unsealed(again, sealed(seal, b"hello")) == b"hello"
    assert again.group == seal.group
    for wrong in ("", "Open", "open ", "opeN"):
        with pytest.raises(WrongPassphrase, match="wrong"):
            sealing.opened(seal.sealed, wrong)


def test_it_does_not_matter_how_the_keyboard_makes_an_accent() -> None:
    with patch.object(sealing, "_COST", 2**8):
        made = new_seal("caf\u00e9")
    assert sealing.opened(made.sealed, "cafe\u0301").group == made.group


@pytest.mark.parametrize(
    "changed",
    [
        {"salt": "AAAA"},
        {"sealed": "AAAA"},
        {"sealed": "not base64"},
        {"cost": 2**9},
        {"name": "0" * 16},
        {"check": ""},
    ],
    ids=str,
)
def test_a_damaged_key_is_not_taken_for_a_wrong_passphrase(seal: Seal, changed: dict[str, object]) -> None:
    with pytest.raises(Damaged, match="sealed key"):
        sealing.opened(msgspec.structs.replace(seal.sealed, **changed), "open")


@pytest.mark.parametrize(
    "changed", [{"cost": 2**40}, {"block": 10**6}, {"lanes": 10**6}, {"cost": 0}, {"block": -1}, {"lanes": 0}], ids=str
)
def test_a_key_cannot_make_us_work_for_ever(seal: Seal, changed: dict[str, object]) -> None:
    greedy = msgspec.structs.replace(seal.sealed, **changed, check="")
    greedy = msgspec.structs.replace(greedy, check=sealing._check(greedy))  # noqa: SLF001 (a forger knows how)
    with pytest.raises(Damaged, match="more work"):
        sealing.opened(greedy, "open")


@pytest.mark.parametrize(
    "changed", [{"salt": "no base64!"}, {"sealed": "no base64!"}, {"sealed": "AAAA"}, {"cost": 77}], ids=str
)
def test_a_forged_key_is_no_key(seal: Seal, changed: dict[str, object]) -> None:
    forged = msgspec.structs.replace(seal.sealed, **changed, check="")
    forged = msgspec.structs.replace(forged, check=sealing._check(forged))  # noqa: SLF001
    with pytest.raises((Damaged, WrongPassphrase)):
        sealing.opened(forged, "open")


def test_names_of_contents_say_nothing_and_stay_the_same(seal: Seal) -> None:
    digest = Digest("ab" * 32)
    name = seal.name_of(digest)
    assert name == sealing.opened(seal.sealed, "open").name_of(digest)
    assert name != digest
    with patch.object(sealing, "_COST", 2**8):
        assert new_seal("open").name_of(digest) != name


def test_the_cost_of_a_guess_is_a_real_one() -> None:
    made = new_seal("open").sealed
    assert made.cost * made.block * 128 == 64 * 2**20
