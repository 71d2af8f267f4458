"""People with accounts and devices, and the town they live in: a server inside the test's process, or a real one."""

from typing import Any

import msgspec

from tests.stage.asgi import Answer, Exchange, Query
from veche.domain.ids import UserId
from veche.domain.sessions import Asker, Role

CLIENT_API = "/_matrix/client/v3"


class Town:
    """A server with people."""

    def begin(self, method: str, path: str, body: object = None, **more: Any) -> Exchange:
        """Send a request without waiting for its answer; ``more`` as for ``asgi.begin``."""
        raise TypeError("each town has its own way")

    async def person(self, name: str, *, role: Role = "user") -> "Person":
        """Give somebody of the cast an account and a first device."""
        raise TypeError("each town has its own way")

    async def device(self, user: UserId, device: str, *, role: Role = "user") -> "Person":
        """Give a person who has an account one more device, and return the person on it."""
        raise TypeError("each town has its own way")

    async def restart(self) -> None:
        """Stop the server, then begin again with empty memory on the same data."""
        raise TypeError("each town has its own way")

    async def people(self, *names: str) -> list["Person"]:
        """Give several people of the cast accounts."""
        return [await self.person(name) for name in names]

    async def call(self, method: str, path: str, body: object = None, **more: Any) -> Answer:
        """Send a request and wait for its answer."""
        return await self.begin(method, path, body, **more).answer()


class Person(msgspec.Struct, frozen=True):
    """Somebody on one device. Paths that do not begin with ``/_`` are below ``/_matrix/client/v3``."""

    world: Town
    asker: Asker
    token: str

    @property
    def user(self) -> UserId:
        """The person's user id."""
        return self.asker.user

    def begin(self, method: str, path: str, body: object = None, **query: Any) -> Exchange:
        """Send a request without waiting for its answer: long polls."""
        return self.world.begin(method, _whole(path), body, query=_present(query), token=self.token)

    async def call(self, method: str, path: str, body: object = None, **query: Any) -> Answer:
        """Send a request and wait for its answer."""
        return await self.begin(method, path, body, **query).answer()

    async def get(self, path: str, **query: Any) -> Answer:
        """GET."""
        return await self.call("GET", path, **query)

    async def put(self, path: str, body: object) -> Answer:
        """PUT."""
        return await self.call("PUT", path, body)

    async def post(self, path: str, body: object = None) -> Answer:
        """POST; without a body an empty object is sent."""
        return await self.call("POST", path, {} if body is None else body)

    async def delete(self, path: str, body: object = None) -> Answer:
        """DELETE."""
        return await self.call("DELETE", path, body)


def _whole(path: str) -> str:
    return path if path.startswith(("/_", "/.", "/health")) else CLIENT_API + path


def _present(query: dict[str, Any]) -> Query:
    return {name: value for name, value in query.items() if value is not None}
