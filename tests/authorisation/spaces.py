"""A space for all with rooms that are not, a space of the founder's own, and a recluse whom nobody can have met."""

from typing import Any

from tests.authorisation.askers import ADMINISTRATOR, JOINED, OWNER, SERVER_ADMINISTRATOR, SIGNED_IN
from tests.authorisation.scene import Scene
from tests.stage.people import Person
from tests.stage.rooms import found, put_state
from tests.stage.world import World
from veche.domain.ids import RoomId


async def plant_spaces(scene: Scene, world: World) -> None:
    """Found the house, open to all, with the lobby, the study, and an annex that lets in whoever is in the shared room.

    And the cellar, a closed space: what lies in it is known to its founder alone.
    """
    founder = scene.people[ADMINISTRATOR]
    allow = [{"type": "m.room_membership", "room_id": scene.names["shared_room"]}]
    rules = {"type": "m.room.join_rules", "content": {"join_rule": "restricted", "allow": allow}}
    annex = await _found(scene, "annex", JOINED, initial_state=[rules], room_alias_name="annex")
    vat = await _found(scene, "vat", OWNER, room_alias_name="vat")
    house = await _found(scene, "house", SIGNED_IN, preset="public_chat", creation_content={"type": "m.space"})
    cellar = await _found(scene, "cellar", OWNER, creation_content={"type": "m.space"})
    inside = {house: [RoomId(scene.names["lobby"]), RoomId(scene.names["study"]), annex, cellar], cellar: [vat]}
    for space, rooms in inside.items():
        for room in rooms:
            await put_state(founder, space, "m.space.child", {"via": ["veche.test"]}, room)
    await _hide(scene, await world.person("recluse"))


async def _found(scene: Scene, what: str, known_to: frozenset[str], **wish: Any) -> RoomId:
    texts = {kind: scene.canaries.plant(f"{kind} of the {what}", known_to) for kind in ("name", "topic")}
    room = await found(scene.people[ADMINISTRATOR], **texts, **wish)
    scene.names[what] = room
    return room


async def _hide(scene: Scene, recluse: Person) -> None:
    await found(recluse)
    lists_everybody = frozenset((SERVER_ADMINISTRATOR,))
    scene.names["recluse"] = recluse.user
    name = {"displayname": scene.canaries.plant("name of the recluse", lists_everybody)}
    (await recluse.put(f"/profile/{recluse.user}/displayname", name)).ok()
