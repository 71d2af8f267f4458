"""Everything that somebody may try to read: each room and event asked for by its id, with tokens from all times."""

import json
from typing import Any

from tests.authorisation.scene import Stage
from tests.stage.asgi import Answer

V3, V1 = "/_matrix/client/v3", "/_matrix/client/v1"
NEVER = 10**15
"""A position that the log will not reach."""
_LAZY = {"lazy_load_members": True}
_SHAPES: tuple[dict[str, Any], ...] = (
    {"room": {"include_leave": True, "timeline": {"limit": 100}}},
    {"room": {"include_leave": True, "timeline": {"limit": 1, **_LAZY}, "state": _LAZY}},
    {"room": {"include_leave": True, "timeline": {"not_types": ["m.room.message"]}, "state": {"types": ["*"]}}},
)
_PIECES = ("m.room.name", "m.room.topic", "m.room.join_rules", "org.veche.note")


class Reader:
    """Somebody who tries everything, and what they were told in the course of it.

    ``leaks`` holds what they should not have been told, by canary, with a question that was answered so; ``faults``
    are the questions at which the server stumbled.
    """

    def __init__(self, stage: Stage, asker: str) -> None:
        self._stage = stage
        self._asker = asker
        self.told: set[str] = set()
        self.leaks: dict[str, str] = {}
        self.faults: list[str] = []

    async def read(self) -> None:
        """Try everything."""
        scene = self._stage.scene
        await self._sync()
        for path in (
            "/joined_rooms",
            "/publicRooms",
            "/notifications?limit=100",
            "/initialSync?limit=100&archived=true",
        ):
            await self._get(f"{V3}{path}")
        for position in scene.positions:
            await self._get(f"{V3}/events", **{"from": str(position), "timeout": "0"})
        for term in ("", "@", "an", "canary"):
            await self._note(f"people called {term}", await self._search(term))
        for order in ("rank", "recent"):
            await self._find_messages(order)
        for room in scene.events:
            await self._read_room(f"{V3}/rooms/{room}")
            await self._page(f"{V3}/rooms/{room}")
            for event in scene.events[room]:
                await self._read_event(room, event)

    async def _sync(self) -> None:
        for shape in _SHAPES:
            for position in (None, *self._stage.scene.positions):
                since = {} if position is None else {"since": f"s{position}.{position}.0.0"}
                await self._get(f"{V3}/sync", filter=json.dumps(shape), **since)
                await self._get(f"{V3}/sync", filter=json.dumps(shape), use_state_after="true", **since)
        await self._get(f"{V3}/sync")
        await self._get(f"{V3}/sync", full_state="true", since=f"s{NEVER - 1}.0.0.0")

    async def _read_room(self, room: str) -> None:
        for path in ("state", "joined_members", "aliases", *(f"state/{piece}" for piece in _PIECES)):
            await self._get(f"{room}/{path}")
        await self._get(f"{room}/state/m.room.topic?format=event")
        for at in ("", *self._stage.scene.positions, NEVER):
            await self._get(f"{room}/members", at=str(at))
        await self._get(f"{room}/initialSync", limit="100")
        await self._get(f"{room.replace(V3, V1)}/threads", limit="100")
        for position in self._stage.scene.positions:
            query = {"room_id": room.rpartition("/")[2], "from": str(position), "timeout": "0"}
            await self._get(f"{V3}/events", **query)
        for ts, direction in ((0, "f"), (NEVER, "b")):
            await self._get(room.replace(V3, V1) + "/timestamp_to_event", ts=str(ts), dir=direction)

    async def _page(self, room: str) -> None:
        for start in ("", *self._stage.scene.positions, NEVER):
            for direction in ("b", "f"):
                query = {"from": str(start), "dir": direction, "limit": "100", "filter": json.dumps(_LAZY)}
                await self._get(f"{room}/messages", **query)

    async def _read_event(self, room: str, event: str) -> None:
        await self._get(f"{V3}/rooms/{room}/event/{event}")
        await self._get(f"{V3}/events/{event}")
        await self._get(f"{V3}/rooms/{room}/context/{event}", limit="2", filter=json.dumps(_LAZY))
        await self._get(f"{V1}/rooms/{room}/relations/{event}", recurse="true", limit="50")

    async def _find_messages(self, order: str) -> None:
        criteria = {
            "search_term": "canary",
            "order_by": order,
            "event_context": {"before_limit": 20, "after_limit": 20, "include_profile": True},
            "include_state": True,
            "filter": {"limit": 20},
        }
        query: dict[str, str] = {}
        while True:
            path, body = f"{V3}/search", {"search_categories": {"room_events": criteria}}
            answer = await self._stage.ask(self._asker, "POST", path, body, query)
            await self._note(f"messages by {order} {query}", answer)
            token = answer.ok()["search_categories"]["room_events"].get("next_batch")
            if token is None:
                return
            query = {"next_batch": token}

    async def _search(self, term: str) -> Answer:
        path, body = f"{V3}/user_directory/search", {"search_term": term, "limit": 100}
        return await self._stage.ask(self._asker, "POST", path, body)

    async def _get(self, path: str, **query: str) -> None:
        await self._note(f"{path} {query}", await self._stage.ask(self._asker, "GET", path, query=query))

    async def _note(self, asked: str, answer: Answer) -> None:
        if answer.status >= 500:
            self.faults.append(asked)
        self.told |= self._stage.canaries.told(answer)
        for name in self._stage.leaks(answer, self._asker):
            self.leaks.setdefault(name, asked)
