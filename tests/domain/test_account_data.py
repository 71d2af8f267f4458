"""Filters: which types of events pass, and that no pattern can hold the server."""

import pytest

from veche.domain.account_data import EventFilter


@pytest.mark.parametrize(
    ("pattern", "kind", "passes"),
    [
        ("m.room.message", "m.room.message", True),
        ("m.room.message", "m.room.messages", False),
        ("m.room.*", "m.room.name", True),
        ("m.room.*", "m.room", False),
        ("*", "", True),
        ("*.name", "m.room.name", True),
        ("*.name", "m.room.names", False),
        ("m.*.name", "m.room.name", True),
        ("m.*.name", "m.name", False),
        ("a*a", "a", False),
        ("*b*c*", "abcd", True),
        ("*c*b*", "abcd", False),
        ("a*bc*c", "abc", False),
        ("M.room.*", "m.room.name", False),
        ("m.room.?", "m.room.x", False),
    ],
)
def test_a_star_stands_for_any_text(pattern: str, kind: str, passes: bool) -> None:
    assert EventFilter(types=(pattern,)).passes(kind, "@anna:x") is passes
    assert EventFilter(not_types=(pattern,)).passes(kind, "@anna:x") is not passes


def test_many_stars_cost_little() -> None:
    """A regular expression made of this would not come to an end."""
    assert not EventFilter(types=("*a" * 7 + "*b",)).passes("a" * 255, "@anna:x")
