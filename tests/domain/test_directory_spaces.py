"""Children of a space, and the walk through them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veche.base import json
from veche.domain.directory.spaces import Place, Way, child_of, in_order, page_from, place_of, token_of, walk
from veche.domain.ids import RoomId
from veche.domain.refusals import Refusal

ROOMS = [RoomId(f"!{letter}:x") for letter in "abcdefgh"]
A, B, C, D, E = ROOMS[:5]


def event(room: str = B, ts: int = 1, **content: Any) -> bytes:
    """A child's event as it is kept."""
    whole = {"content": content, "event_id": "$e", "origin_server_ts": ts, "sender": "@anna:x"}
    return json.encode({**whole, "state_key": room, "type": "m.space.child"})


def test_a_child_as_it_is_told() -> None:
    child = child_of(event(via=["x"], order="aa", suggested=True, note="kept"))
    assert child is not None
    assert (child.room, child.order, child.ts, child.is_suggested) == (B, "aa", 1, True)
    assert json.decode(bytes(child.stripped)) == {
        "content": {"via": ["x"], "order": "aa", "suggested": True, "note": "kept"},
        "origin_server_ts": 1,
        "sender": "@anna:x",
        "state_key": B,
        "type": "m.space.child",
    }


@pytest.mark.parametrize("content", [{}, {"via": []}, {"via": "x"}, {"via": [7]}, {"via": ["x", None]}, {"via": {}}])
def test_what_is_no_child(content: dict[str, Any]) -> None:
    assert child_of(event(**content)) is None


@pytest.mark.parametrize("key", ["", "x", "#a:x", "!"])
def test_a_child_is_named_by_the_id_of_a_room(key: str) -> None:
    assert child_of(event(key, via=["x"])) is None


@pytest.mark.parametrize("order", ["", "é", "a\n", "x" * 51, 7, None, ["a"]])
def test_an_order_that_counts_for_nothing(order: object) -> None:
    child = child_of(event(via=["x"], order=order, suggested="yes"))
    assert child is not None
    assert (child.order, child.is_suggested) == (None, False)


def test_children_in_the_order_of_the_specification() -> None:
    given_children = [
        child_of(event("!b:x", 1640341000000, via=["x"], order=" ")),
        child_of(event("!a:x", 1640141000000, via=["x"], order="aaaa")),
        child_of(event("!c:x", 1640841000000, via=["x"], order="first")),
        child_of(event("!e:x", 1640641000000, via=["x"])),
        child_of(event("!d:x", 1640741000000, via=["x"])),
        child_of(event("!g:x", 1640741000001, via=["x"])),
        child_of(event("!f:x", 1640741000001, via=["x"])),
        child_of(event("!h:x", 1, via=["x"], order="~")),
        child_of(event("!i:x", 2, via=["x"], order="first")),
    ]
    children = [child for child in reversed(given_children) if child is not None]
    assert [child.room[1] for child in in_order(children)] == ["b", "a", "i", "c", "h", "e", "d", "f", "g"]


def test_a_walk_goes_deep_first_and_meets_each_room_once() -> None:
    children = {A: [B, C, D], B: [E, A], D: [C, ROOMS[5]]}
    assert walk(A, children) == [A, B, E, C, D, ROOMS[5]]
    assert walk(E, children) == [E]
    assert walk(A, {A: [A, A]}) == [A]


graphs = st.dictionaries(st.sampled_from(ROOMS), st.lists(st.sampled_from(ROOMS), max_size=6))


@given(graphs, st.sampled_from(ROOMS))
def test_a_walk_as_one_would_tell_it(graph: dict[RoomId, list[RoomId]], root: RoomId) -> None:
    told: list[RoomId] = []

    def tell(room: RoomId) -> None:
        if room not in told:
            told.append(room)
            for child in graph.get(room, []):
                tell(child)

    tell(root)
    assert walk(root, graph) == told


@pytest.mark.parametrize("way", [Way(0, False), Way(20, True)])
def test_a_token_leads_on_along_the_same_way_only(way: Way) -> None:
    token = token_of(way, Place(7, B))
    assert place_of(token, way) == Place(7, B)
    for other in (Way(way.depth + 1, way.suggested_only), Way(way.depth, not way.suggested_only)):
        refusal = place_of(token, other)
        assert isinstance(refusal, Refusal)
        assert (refusal.status, refusal.code, refusal.field) == (400, "M_INVALID_PARAM", "from")


@pytest.mark.parametrize(
    "token", ["x", "1.0.7", "1.0.7.a", "1.2.7.!a:x", "١.0.7.!a:x", "1.0.7.!" + "x" * 300, "-1.0.7.!a:x"]
)
def test_what_is_no_token(token: str) -> None:
    refusal = place_of(token, Way(1, False))
    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.field) == (400, "from")


def test_the_next_page_begins_behind_the_room_shown_last() -> None:
    assert page_from([A, B, C], None) == 0
    assert page_from([A, B, C], Place(1, A)) == 1
    assert page_from([D, A, B, C], Place(1, A)) == 2, "a room has come before it"
    assert page_from([A, C], Place(2, B)) == 2, "the room itself has gone"
