"""Building the scene, once for all tests: people first, then rooms and their stories, then what everybody keeps."""

from pathlib import Path

from tests.authorisation.askers import ADMINISTRATOR, CAST, OWNER, SERVER_ADMINISTRATOR, WITHOUT_SESSION
from tests.authorisation.belongings import (
    plant_aliases,
    plant_belongings,
    plant_keys,
    plant_pushers,
    plant_references,
    plant_rooms,
    plant_secrets,
    plant_targets,
)
from tests.authorisation.files import plant_files
from tests.authorisation.histories import plant_histories
from tests.authorisation.letters import plant_addresses
from tests.authorisation.reported import plant_reports
from tests.authorisation.scene import Scene
from tests.authorisation.spaces import plant_spaces
from tests.stage.world import World
from veche.domain.sessions import Role
from veche.storage.reader import Snapshot


async def build(data: Path, world: World) -> Scene:
    """Plant everything in a world that was started on the empty folder ``data``, and stop it."""
    scene = Scene(data)
    for asker, name in CAST.items():
        role: Role = "administrator" if asker == SERVER_ADMINISTRATOR else "user"
        scene.people[asker] = await world.person(name, role=role)
    _name_people(scene)
    await plant_rooms(scene)
    await plant_histories(scene)
    await plant_references(scene)
    await plant_belongings(scene)
    await plant_keys(scene)
    await plant_targets(scene, world)
    await plant_aliases(scene)
    await plant_files(scene, world)
    await plant_spaces(scene, world)
    await plant_reports(scene)
    await plant_addresses(scene, world)
    await plant_pushers(scene, world)
    await plant_secrets(scene, world)
    for what in ("filter", "version"):
        scene.names[f"administrators_{what}"] = scene.own[ADMINISTRATOR][what]
    scene.names["administrators_device"] = scene.own[ADMINISTRATOR]["second"]
    scene.canaries.guard("private receipt", "m.read.private", OWNER)
    scene.events.update(await world.queries.reader.run(lambda at: _events(at)))
    await world.stop()
    return scene


def _name_people(scene: Scene) -> None:
    """Tell apart the askers' own names; whoever has no session calls themselves somebody who is not here."""
    for asker, person in scene.people.items():
        device = person.asker.device
        name = CAST[asker]
        scene.own[asker] = {"me": person.user, "device": device, "password": f"{name}'s own password", "fresh": name}
    for number, asker in enumerate(WITHOUT_SESSION):
        nobody = {
            "me": f"@nobody-{number}:veche.test",
            "password": "nobody's own password",
            "fresh": f"nobody-{number}",
        }
        scene.own[asker] = {**nobody, "device": "NONE", "second": "NONE2", "filter": "none", "version": "1"}
    scene.names["administrator"] = scene.people[ADMINISTRATOR].user


def _events(at: Snapshot) -> dict[str, list[str]]:
    """Read the ids of all events by room, oldest first."""
    found: dict[str, list[str]] = {}
    for room, event in at.all("SELECT room_id, event_id FROM events ORDER BY position"):
        found.setdefault(room, []).append(event)
    return found
