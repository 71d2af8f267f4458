"""Sends what was drawn into a scene, and says what was wrong with an answer."""

import json
from itertools import count
from typing import Any

from tests.authorisation.askers import CAST
from tests.authorisation.scene import Stage
from tests.cast import SERVER
from tests.conformance.aiming import Request
from tests.conformance.names import RESTRICTING, VICTIM
from tests.stage.asgi import Answer
from tests.stage.people import Person

_numbers = count(1)


class Driver:
    """Sends requests as the people of a scene; whoever is endangered is somebody new each time."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.scene = stage.scene
        self.answered: dict[int, int] = {}

    async def send(self, request: Request) -> list[str]:
        """Send a request and return its faults. Where a proof is asked for it is given, and the request sent again."""
        token, name = await self._token(request)
        answer = await self._sent(request, request.body, token)
        faults = self._faults(request, answer)
        if answer.status == 401 and "flows" in answer.json:
            answer = await self._sent(request, _proven(request.body, answer.json, name), token)
            faults += self._faults(request, answer)
        return faults

    async def _token(self, request: Request) -> tuple[str | None, str]:
        if request.asker == VICTIM:
            victim = await self._newcomer()
            return victim.token, victim.user
        if request.asker in CAST:
            return self.scene.tokens[request.asker], str(self.scene.people[request.asker].user)
        return None, f"@{VICTIM}:{SERVER}"

    async def _newcomer(self) -> Person:
        return await self._stage.world.person(f"{VICTIM}{next(_numbers)}")

    async def _sent(self, request: Request, body: bytes | None, token: str | None) -> Answer:
        path = request.path
        if any(part in path for part in RESTRICTING):
            path = path.replace(f"%40{VICTIM}%3A", f"%40{(await self._newcomer()).user.partition(':')[0][1:]}%3A")
        return await self._stage.world.call(request.method, path, body, query=_told(request.query), token=token)

    def _faults(self, request: Request, answer: Answer) -> list[str]:
        self.answered[answer.status] = self.answered.get(answer.status, 0) + 1
        is_late = answer.status == 504 and answer.errcode == "M_NOT_YET_UPLOADED"  # a file that was promised
        if answer.status < 500 or is_late:  # the onlooker sees to the rest
            return []
        return [f"{answer.status} to {request}"]


def _told(query: dict[str, Any]) -> list[tuple[str, str]]:
    """A query as clients write it."""
    return [(name, _text(one)) for name, value in query.items() for one in (value if type(value) is list else [value])]


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode(errors="replace").decode()


def _proven(body: bytes | None, question: dict[str, Any], user: str) -> bytes:
    """The body with a proof: by password if that is asked for, or whatever comes first."""
    stages = [stage for flow in question["flows"] for stage in flow["stages"]]
    who = {"type": "m.id.user", "user": user}
    password = f"{user.partition(':')[0][1:]}'s own password"
    kind = "m.login.password" if "m.login.password" in stages or not stages else stages[0]
    proof = {"type": kind, "identifier": who, "password": password, "session": question.get("session")}
    found = json.loads(body) if body else {}
    return json.dumps({**(found if isinstance(found, dict) else {}), "auth": proof}).encode()
