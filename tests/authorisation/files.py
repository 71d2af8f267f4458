"""Files in the scene: one for each way in which somebody may, or may not, come to read one; each holds a canary.

A file is named after where it stands; ``READERS`` says who may read it.
"""

from typing import Final

from tests.authorisation.askers import (
    ADMINISTRATOR,
    BANNED,
    INVITED,
    JOINED,
    LEFT,
    MEMBER,
    NOBODY,
    OWNER,
    SIGNED_IN,
    STRANGER,
    WITHOUT_SESSION,
    Group,
)
from tests.authorisation.scene import Scene
from tests.stage.media import announce, id_of, picture, upload
from tests.stage.people import Person
from tests.stage.rooms import come, found, membership, put_state, redact, send
from tests.stage.world import World
from veche.domain.ids import RoomId

READERS: Final[dict[str, Group]] = {
    "loose_file": JOINED,
    "loose_file_of_one_who_left": OWNER | {MEMBER, LEFT},
    "loose_file_of_one_banned": OWNER | {MEMBER, BANNED},
    "later_loose_file_of_one_who_left": frozenset((LEFT,)),
    "shared_file": JOINED,
    "invited_file": JOINED,
    "world_readable_file": SIGNED_IN,
    "early_file": OWNER,
    "office_file": OWNER | {MEMBER},
    "file_of_one_who_left": OWNER | {MEMBER, LEFT},
    "study_file": OWNER,
    "redacted_file": NOBODY,
    "redacted_file_that_another_showed": NOBODY,
    "removed_file": NOBODY,
    "picture_of_a_profile": SIGNED_IN,
    "picture_of_the_shared_room": SIGNED_IN,  # one may knock on it, and is shown what it is
    "picture_of_the_study": OWNER,
    "earlier_picture_of_it": JOINED,
    "picture_of_a_member": JOINED | {INVITED},
    "picture_of_the_lobby": SIGNED_IN,
}
"""Who may read each of the files. The server's administrator is in none of the rooms, and reads none of theirs."""
_OWNERS = {
    "loose_file_of_one_who_left": LEFT,
    "loose_file_of_one_banned": BANNED,
    "later_loose_file_of_one_who_left": LEFT,
    "file_of_one_who_left": LEFT,
    "picture_of_a_profile": STRANGER,
}
_LATE = "later_loose_file_of_one_who_left"
_LINKED = ("shared_file", "study_file", "redacted_file")


async def plant_files(scene: Scene, world: World) -> None:
    """Upload all of them, and show each where it belongs."""
    founder = scene.people[ADMINISTRATOR]
    world.clock.advance(ms=1)  # those who have left their rooms did so before they uploaded anything
    for name in READERS:
        if name != _LATE:
            await _plant(scene, name)
    await _show_in_rooms(scene, founder)
    await _show_in_office(scene, founder)
    world.clock.advance(ms=1)
    await _plant(scene, _LATE)
    await _show_pictures(scene, founder)
    await _name_from_outside(scene)
    for name in _LINKED:
        made = (await founder.post(f"/_veche/v1/media/{scene.names[name]}/link")).ok()
        scene.names[f"link_to_{name}"] = made["short"]
    await _take_back(scene, founder)
    await _give_everybody_one(scene)


async def _plant(scene: Scene, name: str) -> None:
    text = scene.canaries.plant(name.replace("_", " "), READERS[name])
    owner = scene.people[_OWNERS.get(name, ADMINISTRATOR)]
    scene.names[name] = id_of(await upload(owner, text.encode(), kind="text/plain"))


def _uri(scene: Scene, name: str) -> str:
    return f"mxc://veche.test/{scene.names[name]}"


async def _show_in_rooms(scene: Scene, founder: Person) -> None:
    rooms = {f"{kind}_file": f"{kind}_room" for kind in ("shared", "invited", "world_readable")}
    for name, room in {**rooms, "study_file": "study"}.items():
        await send(founder, _room(scene, room), "m.room.message", picture(_uri(scene, name)))


async def _show_in_office(scene: Scene, founder: Person) -> None:
    """A room of its own, whose members see only what comes after them; then one leaves and one is banned."""
    state = [{"type": "m.room.history_visibility", "content": {"history_visibility": "joined"}}]
    office = await found(founder, initial_state=state)
    await send(founder, office, "m.room.message", picture(_uri(scene, "early_file")))
    for asker in (MEMBER, LEFT, BANNED):
        await come(founder, scene.people[asker], office)
    await send(founder, office, "m.room.message", picture(_uri(scene, "office_file")))
    await send(scene.people[LEFT], office, "m.room.message", picture(_uri(scene, "file_of_one_who_left")))
    (await scene.people[LEFT].post(f"/rooms/{office}/leave")).ok()
    (await founder.post(f"/rooms/{office}/ban", {"user_id": scene.people[BANNED].user})).ok()


async def _show_pictures(scene: Scene, founder: Person) -> None:
    stranger, shared = scene.people[STRANGER], _room(scene, "shared_room")
    avatar = {"avatar_url": _uri(scene, "picture_of_a_profile")}
    (await stranger.put(f"/profile/{stranger.user}/avatar_url", avatar)).ok()
    for name in ("earlier_picture_of_it", "picture_of_the_shared_room"):
        await put_state(founder, shared, "m.room.avatar", {"url": _uri(scene, name)})
    for room in ("lobby", "study"):
        await put_state(founder, _room(scene, room), "m.room.avatar", {"url": _uri(scene, f"picture_of_the_{room}")})
    card = {**await membership(founder, shared), "avatar_url": _uri(scene, "picture_of_a_member")}
    await put_state(founder, shared, "m.room.member", card, founder.user)


async def _name_from_outside(scene: Scene) -> None:
    """A stranger names files that are not for them, in a room of their own that the world may read."""
    stranger = scene.people[STRANGER]
    room = await found(stranger, preset="public_chat")
    await put_state(stranger, room, "m.room.history_visibility", {"history_visibility": "world_readable"})
    for name in ("shared_file", "study_file", "loose_file", "redacted_file"):
        await send(stranger, room, "m.room.message", picture(_uri(scene, name)))
        await put_state(stranger, room, "m.room.avatar", {"url": _uri(scene, name)})


async def _take_back(scene: Scene, founder: Person) -> None:
    shared = _room(scene, "shared_room")
    event = await send(founder, shared, "m.room.message", picture(_uri(scene, "redacted_file")))
    await redact(founder, shared, event)
    await send(founder, shared, "m.room.message", picture(_uri(scene, "removed_file")))
    (await founder.delete(f"/_veche/v1/media/files/{scene.names['removed_file']}")).ok()
    name = "redacted_file_that_another_showed"
    event = await send(founder, shared, "m.room.message", picture(_uri(scene, name)))
    await send(scene.people[MEMBER], shared, "m.room.message", picture(_uri(scene, name)))
    await redact(founder, shared, event)


async def _give_everybody_one(scene: Scene) -> None:
    """A file and a link of each person's own, one that was announced; and those of somebody whom nobody knows."""
    for asker in WITHOUT_SESSION:
        scene.own[asker] |= {"file": "none", "link": "abcdefghij", "pending": "none"}
    for asker in sorted(SIGNED_IN):
        person, own = scene.people[asker], scene.own[asker]
        text = scene.canaries.plant(f"own file of the {asker}", frozenset((asker,)))
        own["file"] = id_of(await upload(person, text.encode(), kind="text/plain"))
        own["link"] = (await person.post(f"/_veche/v1/media/{own['file']}/link")).ok()["short"]
        own["pending"] = id_of(await announce(person))
    outsider = await scene.people[ADMINISTRATOR].world.person("rita")
    scene.names["outsiders_file"] = id_of(await upload(outsider))
    link = await outsider.post(f"/_veche/v1/media/{scene.names['outsiders_file']}/link")
    scene.names["outsiders_link"] = link.ok()["short"]
    scene.names["pending_file"] = scene.own[ADMINISTRATOR]["pending"]
    scene.names["unknown_file"] = "A" * 24


def _room(scene: Scene, name: str) -> RoomId:
    return RoomId(scene.names[name])
