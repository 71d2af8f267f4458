"""Sizes of thumbnails, by the rules of the Client-Server API, section Thumbnails."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veche.integrations.imaging.geometry import plan
from veche.integrations.imaging.records import Method, Size

sides = st.integers(1, 20_000)
wishes = st.integers(1, 2_000)


@pytest.mark.parametrize(
    ("source", "wish", "found"),
    [
        ((4000, 3000), (800, 600), (800, 600)),
        ((4000, 3000), (320, 240), (320, 240)),
        ((3000, 4000), (320, 240), (320, 427)),  # never smaller than the wish: it covers the rectangle
        ((4000, 1000), (320, 240), (960, 240)),
        ((100, 80), (320, 240), (100, 80)),  # never larger than the source
        ((1000, 100), (320, 240), (1000, 100)),  # smaller would be below the wished height
        ((321, 241), (320, 240), (320, 241)),
        ((1, 20_000), (32, 32), (1, 20_000)),
    ],
)
def test_scaling_keeps_the_proportions(source: tuple[int, int], wish: tuple[int, int], found: tuple[int, int]) -> None:
    chosen = plan(*source, Size(*wish, "scale"))
    assert (chosen.width, chosen.height) == found
    assert chosen.box == (0, 0, *source)


@pytest.mark.parametrize(
    ("source", "wish", "found", "box"),
    [
        ((4000, 3000), (96, 96), (96, 96), (500, 0, 3500, 3000)),
        ((3000, 4000), (96, 96), (96, 96), (0, 500, 3000, 3500)),
        ((400, 400), (200, 100), (200, 100), (0, 100, 400, 300)),
        ((50, 200), (96, 96), (50, 50), (0, 75, 50, 125)),  # too narrow: the wished proportions, as large as can be
        ((40, 30), (96, 96), (40, 30), (0, 0, 40, 30)),  # smaller than the wish in both: as it is
    ],
)
def test_cropping_keeps_the_middle(
    source: tuple[int, int], wish: tuple[int, int], found: tuple[int, int], box: tuple[int, ...]
) -> None:
    chosen = plan(*source, Size(*wish, "crop"))
    assert (chosen.width, chosen.height) == found
    assert chosen.box == box


@given(width=sides, height=sides, across=wishes, down=wishes)
def test_scaled_pictures_are_neither_too_small_nor_too_large(width: int, height: int, across: int, down: int) -> None:
    chosen = plan(width, height, Size(across, down, "scale"))
    assert min(width, across) <= chosen.width <= width
    assert min(height, down) <= chosen.height <= height
    assert abs(chosen.width * height - chosen.height * width) <= max(width, height), "other proportions"
    if width > across and height > down:
        assert chosen.width == across or chosen.height == down, "larger than needed"


@given(width=sides, height=sides, across=wishes, down=wishes)
def test_cropped_pictures_show_a_part_that_exists(width: int, height: int, across: int, down: int) -> None:
    chosen = plan(width, height, Size(across, down, "crop"))
    left, top, right, bottom = chosen.box
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    assert 1 <= chosen.width <= width
    assert 1 <= chosen.height <= height
    if width >= across and height >= down:
        assert (chosen.width, chosen.height) == (across, down)


@pytest.mark.parametrize("method", ["scale", "crop"])
def test_a_picture_of_the_wished_size_stays_as_it_is(method: Method) -> None:
    chosen = plan(320, 240, Size(320, 240, method))
    assert (chosen.box, chosen.width, chosen.height) == ((0, 0, 320, 240), 320, 240)
