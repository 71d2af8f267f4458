"""Which part of a room's log one person may read, and whose state."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from veche.domain.ids import Position
from veche.domain.refusals import Refusal
from veche.domain.visibility import Range, is_visible, visible_ranges, visible_state_position

HEAD = Position(20)

Pairs = list[tuple[int, str]]


def changes(pairs: Pairs) -> list[tuple[Position, str]]:
    return [(Position(at), value) for at, value in pairs]


def read(visibility: Pairs, membership: Pairs, head: int = HEAD) -> list[tuple[int, int]]:
    ranges = visible_ranges(changes(visibility), changes(membership), Position(head))
    return [(part.first, part.last) for part in ranges]


# (what the room's visibility was, what Carla's membership was, what she may read of 0..20)
ROWS: list[tuple[str, Pairs, Pairs, list[tuple[int, int]]]] = [
    ("a stranger reads nothing", [], [], []),
    ("a stranger reads nothing that is shared", [(3, "shared")], [], []),
    ("a stranger reads what the world may", [(3, "world_readable")], [], [(3, 20)]),
    ("the world may read how it is shut out", [(3, "world_readable"), (9, "joined")], [], [(3, 9)]),
    ("without a setting a member reads everything", [], [(5, "join")], [(0, 20)]),
    ("with a setting that makes no sense too", [(3, "sometimes")], [(5, "join")], [(0, 20)]),
    ("shared: a member reads everything", [(3, "shared")], [(5, "join")], [(0, 20)]),
    ("shared: the invited read nothing yet", [(3, "shared")], [(5, "invite")], []),
    ("shared: who left keeps what was until then", [(3, "shared")], [(5, "join"), (9, "leave")], [(0, 9)]),
    ("shared: the banned too", [(3, "shared")], [(5, "join"), (9, "ban")], [(0, 9)]),
    (
        "shared: back again, one reads what was missed",
        [(3, "shared")],
        [(5, "join"), (9, "leave"), (12, "join"), (15, "leave")],
        [(0, 15)],
    ),
    ("joined: a member reads from the own joining on", [(1, "joined")], [(5, "join")], [(0, 1), (5, 20)]),
    (
        "joined: not what happened while away",
        [(1, "joined")],
        [(5, "join"), (9, "leave"), (12, "join")],
        [(0, 1), (5, 9), (12, 20)],
    ),
    ("joined: a new name changes nothing", [(1, "joined")], [(5, "join"), (7, "join")], [(0, 1), (5, 20)]),
    ("joined: an invitation opens nothing", [(1, "joined")], [(5, "invite"), (9, "join")], [(0, 1), (9, 20)]),
    (
        "invited: a member reads from the invitation on",
        [(1, "invited")],
        [(5, "invite"), (9, "join")],
        [(0, 1), (5, 20)],
    ),
    ("invited: the invited read since then", [(1, "invited")], [(5, "invite")], [(5, 20)]),
    ("invited: until they decline", [(1, "invited")], [(5, "invite"), (9, "leave")], [(5, 9)]),
    ("a knock opens nothing", [(1, "invited")], [(5, "knock"), (9, "leave")], []),
    (
        "what was shared stays shared when the room closes up",
        [(1, "shared"), (6, "joined")],
        [(9, "join")],
        [(0, 6), (9, 20)],
    ),
    (
        "what was closed stays closed when the room opens",
        [(1, "joined"), (6, "shared")],
        [(9, "join")],
        [(0, 1), (6, 20)],
    ),
    (
        "a member who left a room that the world may read reads on",
        [(1, "joined"), (12, "world_readable")],
        [(5, "join"), (9, "leave")],
        [(0, 1), (5, 9), (12, 20)],
    ),
    ("what comes after the head is not there yet", [(25, "world_readable")], [(5, "invite"), (22, "join")], []),
]


@pytest.mark.parametrize(
    ("visibility", "membership", "readable"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_what_carla_may_read(visibility: Pairs, membership: Pairs, readable: list[tuple[int, int]]) -> None:
    assert read(visibility, membership) == readable


def permits(setting: str, standing: str, joins_later: bool) -> bool:
    """The numbered rules of the specification, one by one."""
    if setting not in ("world_readable", "invited", "joined"):
        setting = "shared"
    return (
        setting == "world_readable"
        or standing == "join"
        or (setting == "shared" and joins_later)
        or (setting == "invited" and standing == "invite")
    )


def is_readable(position: int, visibility: Pairs, membership: Pairs) -> bool:
    """Decide about one event alone, by the state before it and the state after it."""

    def value(pairs: Pairs, until: int, default: str) -> str:
        return next((value for at, value in reversed(pairs) if at <= until), default)

    joins_later = any(at > position and value == "join" for at, value in membership)
    moments = (position - 1, position) if position in dict(visibility + membership) else (position,)
    return any(
        permits(value(visibility, moment, "shared"), value(membership, moment, "leave"), joins_later)
        for moment in moments
    )


SETTINGS = ("world_readable", "shared", "invited", "joined", "sometimes")
STANDINGS = ("invite", "join", "leave", "ban", "knock")


@st.composite
def histories(draw: st.DrawFn) -> tuple[Pairs, Pairs, int]:
    """Draw a visibility and a membership that change at different positions, and a head no change lies beyond."""
    positions = sorted(draw(st.sets(st.integers(0, 14), max_size=9)))
    visibility: Pairs = []
    membership: Pairs = []
    for at in positions:
        if draw(st.booleans()):
            visibility.append((at, draw(st.sampled_from(SETTINGS))))
        else:
            membership.append((at, draw(st.sampled_from(STANDINGS))))
    return visibility, membership, draw(st.integers(positions[-1] if positions else 0, 16))


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(histories())
def test_ranges_agree_with_the_rules_event_by_event(history: tuple[Pairs, Pairs, int]) -> None:
    visibility, membership, head = history
    ranges = visible_ranges(changes(visibility), changes(membership), Position(head))
    by_rule = [is_readable(position, visibility, membership) for position in range(head + 3)]
    assert [is_visible(ranges, Position(position)) for position in range(head + 1)] == by_rule[: head + 1]
    assert not is_visible(ranges, Position(head + 1))
    gaps = [after.first - before.last for before, after in pairwise(ranges)]
    assert all(gap > 1 for gap in gaps)


@pytest.mark.parametrize(
    ("position", "answer"), [(0, False), (1, True), (3, True), (4, False), (6, False), (7, True), (8, False)]
)
def test_a_position_is_visible_if_a_range_holds_it(position: int, answer: bool) -> None:
    ranges = [Range(Position(1), Position(3)), Range(Position(7), Position(7))]
    assert is_visible(ranges, Position(position)) is answer


FORBIDDEN = None
STATES: list[tuple[str, Pairs, Pairs, int | None]] = [
    ("a member reads the present state", [(1, "joined")], [(5, "join")], 20),
    ("a member with a new name too", [(1, "joined")], [(5, "join"), (7, "join")], 20),
    ("who left reads the state of then", [(1, "shared")], [(5, "join"), (9, "leave")], 9),
    ("the banned read the state of then", [(1, "shared")], [(5, "join"), (9, "ban")], 9),
    ("banned after leaving, one does not see further", [(1, "shared")], [(5, "join"), (9, "leave"), (12, "ban")], 9),
    ("invited back, one does not see further yet", [(1, "shared")], [(5, "join"), (9, "leave"), (12, "invite")], 9),
    ("who came back and left again", [(1, "shared")], [(5, "join"), (9, "leave"), (12, "join"), (15, "leave")], 15),
    ("who came back", [(1, "shared")], [(5, "join"), (9, "leave"), (12, "join")], 20),
    ("who left a room open to the world", [(1, "world_readable")], [(5, "join"), (9, "leave")], 9),
    ("a stranger, room open to the world", [(1, "joined"), (8, "world_readable")], [], 20),
    ("a stranger, room closed by now", [(1, "world_readable"), (8, "joined")], [], FORBIDDEN),
    ("a stranger, room without setting", [], [], FORBIDDEN),
    ("the invited", [(1, "invited")], [(5, "invite")], FORBIDDEN),
    ("who declined", [(1, "shared")], [(5, "invite"), (9, "leave")], FORBIDDEN),
    ("who was banned without ever entering", [(1, "shared")], [(5, "ban")], FORBIDDEN),
    ("who joined with the newest event", [(1, "shared")], [(20, "join")], 20),
    ("a stranger, opened by the newest event", [(20, "world_readable")], [], 20),
    ("who will have joined after the head", [(1, "shared"), (22, "world_readable")], [(21, "join")], FORBIDDEN),
]


@pytest.mark.parametrize(
    ("visibility", "membership", "at"), [row[1:] for row in STATES], ids=[row[0] for row in STATES]
)
def test_whose_state_carla_may_read(visibility: Pairs, membership: Pairs, at: int | None) -> None:
    answer = visible_state_position(changes(visibility), changes(membership), HEAD)
    if at is FORBIDDEN:
        assert isinstance(answer, Refusal)
        assert (answer.code, answer.status) == ("M_FORBIDDEN", 403)
    else:
        assert answer == at
