"""Random spaces: what one meets page by page is what a plain model tells."""

from random import Random
from typing import Any

import msgspec
import pytest

from tests.cast import ANNA, BORIS
from tests.effort import effort
from tests.stage.people import Person
from tests.stage.rooms import come, found, put_state
from tests.stage.world import World
from veche.domain.ids import RoomId

RULES = ("public", "public", "public", "invite", "knock", "restricted")
ORDERS = (None, None, "a", "b", "~", "", 7)


class Edge(msgspec.Struct, frozen=True):
    """A child as it was set: its content and when."""

    child: RoomId
    content: dict[str, Any]
    ts: int

    @property
    def is_valid(self) -> bool:
        """Whether it names a server."""
        return bool(self.content.get("via"))

    @property
    def rank(self) -> tuple[bool, str, int, str]:
        """Where it stands among its siblings."""
        order = self.content.get("order")
        is_order = isinstance(order, str) and order != ""
        return (not is_order, str(order) if is_order else "", self.ts, self.child)


class Model:
    """What was founded, and who may see it."""

    def __init__(self) -> None:
        self.spaces: set[RoomId] = set()
        self.edges: dict[RoomId, dict[RoomId, Edge]] = {}
        self.visible: set[RoomId] = set()

    def below(self, room: RoomId, suggested_only: bool) -> list[RoomId]:
        """The children that are shown of a room."""
        edges = sorted(self.edges.get(room, {}).values(), key=lambda edge: edge.rank) if room in self.spaces else []
        return [
            edge.child
            for edge in edges
            if edge.is_valid and edge.child in self.visible
            if not suggested_only or edge.content.get("suggested") is True
        ]

    def told(self, root: RoomId, depth: int, suggested_only: bool) -> list[RoomId]:
        """All rooms in the order in which they are met."""
        near = self._near(root, depth, suggested_only)
        met: list[RoomId] = []

        def meet(room: RoomId) -> None:
            met.append(room)
            for child in self.below(room, suggested_only) if near[room] < depth else []:
                if child not in met:
                    meet(child)

        meet(root)
        return met

    def _near(self, root: RoomId, depth: int, suggested_only: bool) -> dict[RoomId, int]:
        near = {root: 0}
        for distance in range(1, depth + 1):
            for room in [room for room, at in near.items() if at == distance - 1]:
                for child in self.below(room, suggested_only):
                    near.setdefault(child, distance)
        return near


async def founded(chance: Random, anna: Person, boris: Person) -> tuple[Model, list[RoomId]]:
    """Found a few rooms and spaces, some of which Boris may see."""
    model, made = Model(), list[RoomId]()
    for number in range(9):
        rule = "public" if number == 0 else chance.choice(RULES)
        is_space = number < 5
        wish = {"creation_content": {"type": "m.space"}} if is_space else {}
        room = await found(anna, **wish)
        allow = [{"type": "m.room_membership", "room_id": other} for other in made[:1]]
        await put_state(anna, room, "m.room.join_rules", {"join_rule": rule, "allow": allow})
        is_in = chance.random() < 0.2
        if is_in:
            await come(anna, boris, room)
        if is_space:
            model.spaces.add(room)
        if is_in or rule in ("public", "knock"):
            model.visible.add(room)
        made.append(room)
        if rule == "restricted" and made[0] in (await boris.get("/joined_rooms")).ok()["joined_rooms"]:
            model.visible.add(room)
    return model, made


async def rewire(chance: Random, anna: Person, model: Model, made: list[RoomId]) -> None:
    """Set some children of some rooms anew."""
    for _ in range(12):
        parent, child = chance.choice(made), chance.choice(made)
        content = {
            "via": chance.choice((["veche.test"], ["veche.test"], ["veche.test"], [])),
            "suggested": chance.random() < 0.7,
        }
        order = chance.choice(ORDERS)
        event = await put_state(
            anna, parent, "m.space.child", content if order is None else {**content, "order": order}, child
        )
        told = (await anna.get(f"/rooms/{parent}/event/{event}")).ok()
        model.edges.setdefault(parent, {})[child] = Edge(child, told["content"], told["origin_server_ts"])


async def pages(chance: Random, boris: Person, root: RoomId, depth: int, suggested_only: bool) -> list[dict[str, Any]]:
    """All pages of a walk, of random sizes."""
    query: dict[str, Any] = {"max_depth": depth, "suggested_only": str(suggested_only).lower()}
    rooms: list[dict[str, Any]] = []
    while True:
        answer = await boris.get(f"/_matrix/client/v1/rooms/{root}/hierarchy", limit=chance.randint(1, 4), **query)
        rooms += answer.ok()["rooms"]
        if "next_batch" not in answer.json:
            return rooms
        query["from"] = answer.json["next_batch"]


@pytest.mark.parametrize("seed", range(2))
async def test_a_walk_through_random_spaces(world: World, seed: int) -> None:
    chance = Random(seed)
    anna, boris = await world.people(ANNA, BORIS)
    model, made = await founded(chance, anna, boris)
    lengths = set()
    for _ in range(effort("space_graphs")):
        await rewire(chance, anna, model, made)
        depth, suggested_only = chance.randint(0, 5), chance.random() < 0.4
        rooms = await pages(chance, boris, made[0], depth, suggested_only)
        assert [room["room_id"] for room in rooms] == model.told(made[0], depth, suggested_only)
        for room in rooms:
            named = [child["state_key"] for child in room["children_state"]]
            assert [child for child in named if child in model.visible] == model.below(room["room_id"], suggested_only)
        lengths.add(len(rooms))
    assert len(lengths) > 1, "walks of several lengths were taken"
