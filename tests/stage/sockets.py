"""The real server as a town: everybody speaks to it over real sockets, registers and signs in like anybody else."""

import asyncio
import json
from urllib.parse import quote, urlencode

import aiohttp
from yarl import URL

from tests.cast import PASSWORD
from tests.stage import witness
from tests.stage.asgi import Answer, Query
from tests.stage.people import CLIENT_API, Person, Town
from tests.stage.server import Server
from veche.domain.ids import DeviceId, UserId
from veche.domain.sessions import Asker, Role, digest_of


class Sent:
    """One request on its way over a socket."""

    def __init__(self, task: "asyncio.Task[Answer]") -> None:
        self._task = task

    @property
    def is_waiting(self) -> bool:
        """Whether no answer has come yet."""
        return not self._task.done()

    async def answer(self) -> Answer:
        """Wait for the whole answer."""
        return await self._task

    async def hang_up(self) -> None:
        """Close the connection from the client's side."""
        self._task.cancel()
        await asyncio.wait([self._task])


class RealTown(Town):
    """The people of one real server."""

    def __init__(self, server: Server, session: aiohttp.ClientSession) -> None:
        self.server = server
        self._session = session
        self._trust = server.trust() or True

    def begin(  # type: ignore[override]  # what a socket client can choose is less than what ASGI allows
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Query | None = None,
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Sent:
        """Send a request without waiting for its answer; ``path`` is sent as it stands, percent signs included."""
        return Sent(asyncio.ensure_future(self._send(method, path, body, query, token, headers or {})))

    async def person(self, name: str, *, role: Role = "user") -> Person:
        """Register somebody of the cast over HTTP."""
        assert role == "user", "an administrator is made by the command line"
        body = {"username": name, "password": PASSWORD, "device_id": name.upper()}
        asked = await self.call("POST", f"{CLIENT_API}/register", body)
        stage = {"type": "m.login.dummy", "session": asked.refused(401, None)["session"]}
        made = (await self.call("POST", f"{CLIENT_API}/register", {**body, "auth": stage})).ok()
        return self._person(made)

    async def device(self, user: UserId, device: str, *, role: Role = "user") -> Person:
        """Sign somebody in by password on one more device."""
        body = {
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": user},
            "password": PASSWORD,
            "device_id": device,
        }
        return self._person((await self.call("POST", f"{CLIENT_API}/login", body)).ok())

    async def restart(self) -> None:
        """Stop the server politely and start it again on the same data and port."""
        await asyncio.to_thread(self.server.stop)
        await asyncio.to_thread(self.server.start)

    def _person(self, session: dict[str, str]) -> Person:
        token = session["access_token"]
        asker = Asker(UserId(session["user_id"]), DeviceId(session["device_id"]), "user", digest_of(token))
        return Person(self, asker, token)

    async def _send(
        self, method: str, path: str, body: object, query: Query | None, token: str | None, headers: dict[str, str]
    ) -> Answer:
        asked = f"?{urlencode(query, doseq=True)}" if query else ""
        url = URL(f"{self.server.url}{quote(path, safe='/%?&=+:!@$,;~')}{asked}", encoded=True)
        sent = headers if token is None else {**headers, "Authorization": f"Bearer {token}"}
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        async with self._session.request(method, url, data=data, headers=sent, ssl=self._trust) as answer:
            shown = {name.lower(): value for name, value in answer.headers.items()}
            heard = Answer(answer.status, shown, await answer.read())
        witness.show(method, path, heard)
        return heard
