"""Shared parts of answers are kept within bounds."""

from veche.domain.ids import Position, RoomId
from veche.live.fragments import MOST, MOST_BYTES, Fragments, Key


def key(number: int) -> Key:
    return ("timeline", RoomId("!room:x"), Position(number), Position(number), 1)


def test_older_parts_go_when_there_are_too_many_or_they_are_too_large() -> None:
    fragments = Fragments()
    for number in range(MOST):
        fragments.put(key(number), b"x")
    assert fragments.find(key(0)) == (b"x",)
    fragments.put(key(MOST), None)
    assert fragments.find(key(0)) is None
    assert fragments.find(key(MOST)) == (None,)
    fragments.put(key(1), b"x" * MOST_BYTES)
    fragments.put(key(2), b"y")
    assert fragments.find(key(1)) is None
    assert fragments.find(key(2)) == (b"y",)
