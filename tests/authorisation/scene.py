"""The scene: what was planted before anybody asks, kept on disk so that every test begins with a fresh copy."""

import json
import shutil
from pathlib import Path
from string import Template
from typing import Any

import msgspec

from tests.authorisation.askers import SIGNED_IN
from tests.authorisation.canaries import Canaries
from tests.stage.asgi import Answer
from tests.stage.databases import Place
from tests.stage.people import Person
from tests.stage.world import World
from veche.commands.presence import tell_changes


class Scene(msgspec.Struct, frozen=True):
    """People by how they stand, and names for everything that requests speak about.

    ``own`` holds the names that mean something else for each asker. ``events`` are the ids of all events by room;
    ``positions`` of the log at each step of the story, oldest first.
    """

    data: Path
    canaries: Canaries = msgspec.field(default_factory=Canaries)
    people: dict[str, Person] = {}
    tokens: dict[str, str] = {}
    names: dict[str, str] = {}
    own: dict[str, dict[str, str]] = {}
    rooms: dict[str, str] = {}
    events: dict[str, list[str]] = {}
    positions: list[int] = []

    def filled(self, value: Any, asker: str) -> Any:
        """Return a request's part with every ``$name`` in it replaced."""
        if isinstance(value, str):
            return Template(value).substitute(self.names, **self.own[asker])
        if isinstance(value, dict):
            return {self.filled(name, asker): self.filled(inner, asker) for name, inner in value.items()}
        return [self.filled(inner, asker) for inner in value] if isinstance(value, list) else value


class Stage:
    """A scene that is played: a server of its own on a copy of the scene's data."""

    def __init__(self, scene: Scene, world: World) -> None:
        self.scene = scene
        self.world = world

    @property
    def canaries(self) -> Canaries:
        """Everything planted."""
        return self.scene.canaries

    async def begin(self) -> None:
        """Start the server, and say again what lives in memory only."""
        await self.world.start()
        for asker in SIGNED_IN:
            status = {"presence": "online", "status_msg": self.canaries.text(f"status of the {asker}")}
            path = self.scene.filled("/_matrix/client/v3/presence/$me/status", asker)
            (await self.ask(asker, "PUT", path, status)).ok()
        await tell_changes(self.world.commands)

    async def ask(
        self, asker: str, method: str, path: str, body: object = None, query: dict[str, Any] | None = None
    ) -> Answer:
        """Send a request with the asker's token, if they have one."""
        return await self.world.call(method, path, body, query=query or {}, token=self.scene.tokens.get(asker))

    async def position(self) -> int:
        """Return the newest position of the log."""
        return await self.world.queries.reader.run(lambda at: at.position)

    def leaks(self, answer: Answer, asker: str, *asked: object) -> set[str]:
        """Return the names of the canaries that the asker should not have been told."""
        return self.canaries.leaks(answer, asker, json.dumps(asked))


def copied(scene: Scene, folder: Path) -> Place:
    """Return a place with a fresh copy of the scene's data."""
    return Place(Path(shutil.copytree(scene.data, folder / "data")), "")
