"""Rows as PostgreSQL copies them: read in parts of any size, and refused where they are cut short or something else."""

import struct
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veche.storage.operation.copied_rows import Kind, rows
from veche.storage.operation.faults import Damaged

KINDS: list[Kind] = ["number", "text", "bytes"]
HEAD = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
Row = tuple[int | None, str | None, bytes | None]


def copied(*found: Row) -> bytes:
    """Write rows as PostgreSQL does."""
    return HEAD + b"".join(_row(row) for row in found) + b"\xff\xff"


def _row(row: Row) -> bytes:
    number, text, data = row
    values = (None if number is None else struct.pack("!q", number), None if text is None else text.encode(), data)
    return struct.pack("!h", 3) + b"".join(
        struct.pack("!i", -1) if value is None else struct.pack("!i", len(value)) + value for value in values
    )


def parts(text: bytes, size: int) -> Iterator[bytes]:
    """Cut a text into parts."""
    return (text[start : start + size] for start in range(0, len(text), size))


@given(
    st.lists(
        st.tuples(
            st.none() | st.integers(-(2**63), 2**63 - 1),
            st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
            st.none() | st.binary(max_size=20),
        ),
        max_size=5,
    ),
    st.integers(1, 50),
)
def test_rows_are_read_whatever_the_parts_are(found: list[Row], size: int) -> None:
    assert list(rows(parts(copied(*found), size), KINDS)) == found


@pytest.mark.parametrize("size", [0, 5, 18, 19, 20, 30, 40])
def test_a_table_that_ends_too_early_is_damaged(size: int) -> None:
    text = copied((1, "anna", b"\x00"), (2, None, b""))
    with pytest.raises(Damaged):
        list(rows(parts(text[:size], 7), KINDS))


@pytest.mark.parametrize("text", [b"", b"SQLite format 3\x00" * 4, copied()[1:]])
def test_something_else_is_no_table(text: bytes) -> None:
    with pytest.raises(Damaged):
        list(rows([text], KINDS))


def test_a_row_of_another_length_is_damaged() -> None:
    with pytest.raises(Damaged, match="3 fields where there are 2"):
        list(rows([copied((1, "a", b"b"))], ["number", "text"]))


def test_all_of_it_is_read_so_that_all_of_it_is_checked() -> None:
    taken = list[int]()

    def counted() -> Iterator[bytes]:
        for number, part in enumerate([*parts(copied((1, "a", b"b")), 8), b"behind the end"]):
            taken.append(number)
            yield part

    assert len(list(rows(counted(), KINDS))) == 1
    assert len(taken) == len(list(parts(copied((1, "a", b"b")), 8))) + 1
