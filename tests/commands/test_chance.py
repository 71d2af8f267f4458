"""Random bytes are handed out once each, whichever thread asks."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from veche.app.chance import Chance


@pytest.mark.parametrize("size", [0, 1, 16, 18, 32, 1000])
def test_a_piece_has_the_size_asked_for(size: int) -> None:
    assert len(Chance()(size)) == size


def test_no_two_pieces_are_alike_on_any_thread() -> None:
    chance = Chance()
    with ThreadPoolExecutor(4) as threads:
        drawn = list(threads.map(lambda _: [chance(16) for _ in range(2_000)], range(4)))
    pieces = [piece for some in drawn for piece in some]
    assert len(set(pieces)) == len(pieces) == 8_000
