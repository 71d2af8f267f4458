"""A load of messages on the real server: senders who repeat what nobody acknowledged, and a reader who misses none."""

import asyncio
import json
from typing import Any
from urllib.parse import quote, unquote, urlencode

import aiohttp
import msgspec
from yarl import URL

from tests.cast import PASSWORD
from tests.faults.ledger import Ledger, Lost
from tests.stage.server import Server

CLIENT_API = "/_matrix/client/v3"
SENDERS = 16


class Member(msgspec.Struct, frozen=True):
    """Somebody with an account: user id and access token."""

    user: str
    token: str


class Load:
    """One room, several senders, one reader; it outlives the server."""

    def __init__(self, server: Server, session: aiohttp.ClientSession) -> None:
        self.ledger = Ledger()
        self._server = server
        self._session = session
        self._members: list[Member] = []
        self._room = ""
        self._since: str | None = None
        self._seen: list[tuple[str, str]] = []

    async def begin(self, names: tuple[str, ...]) -> None:
        """Let people register and come together in a room."""
        self._members = [await registered(self._session, self._server.url, name) for name in names]
        first, *others = self._members
        made = await self._ask(first, "POST", "/createRoom", {"preset": "public_chat"})
        self._room = quote(made["room_id"])
        for member in others:
            await self._ask(member, "POST", f"/join/{self._room}", {})

    async def send_until(self, acknowledgements: int) -> None:
        """Send from all sides until so many more are acknowledged; the server is killed at that very moment."""
        goal = len(self.ledger.acknowledged) + acknowledgements
        await asyncio.gather(*(self._send(lane, goal) for lane in range(SENDERS)))

    async def send_one(self, lane: int = 0) -> None:
        """Send the next note of one lane, or once more the one that was never acknowledged."""
        member = self._members[lane % len(self._members)]
        note = self.ledger.next_note(f"{member.user}/{lane}")
        path = f"/rooms/{self._room}/send/m.room.message/{quote(note.txn, safe='')}"
        answer = await self._ask(member, "PUT", path, {"msgtype": "m.text", "body": note.txn})
        self.ledger.acknowledge(note, answer["event_id"])

    async def read_on(self) -> None:
        """Sync from where the reader stood, across all lives of the server, filling gaps; then compare."""
        reader, filled = self._members[0], {"room": {"timeline": {"limit": 100}}}
        while True:
            query = {"timeout": "0", "filter": json.dumps(filled)} | ({"since": self._since} if self._since else {})
            answer = await self._ask(reader, "GET", f"/sync?{urlencode(query)}")
            timeline = answer.get("rooms", {}).get("join", {}).get(unquote(self._room), {}).get("timeline", {})
            if timeline.get("limited"):
                self._seen += await self._gap(reader, timeline["prev_batch"])
            self._seen += _notes(timeline.get("events", []))
            self._since = answer["next_batch"]
            if not timeline.get("events"):
                break
        self.ledger.compare(self._seen)

    async def _gap(self, reader: Member, start: str) -> list[tuple[str, str]]:
        """Page back from ``start`` to where the reader stood."""
        found: list[dict[str, Any]] = []
        place: str | None = start
        while place is not None:
            query = {"dir": "b", "from": place, "limit": "100"} | ({"to": self._since} if self._since else {})
            page = await self._ask(reader, "GET", f"/rooms/{self._room}/messages?{urlencode(query)}")
            found += page["chunk"]
            place = page.get("end") if page["chunk"] else None
        return _notes(found)

    async def _send(self, lane: int, goal: int) -> None:
        while len(self.ledger.acknowledged) < goal:
            try:
                await self.send_one(lane)
            except aiohttp.ClientError:
                return  # killed: this note is sent again in the server's next life
            if len(self.ledger.acknowledged) == goal:
                self._server.kill()

    async def _ask(self, member: Member, method: str, path: str, body: object = None) -> dict[str, Any]:
        url = URL(f"{self._server.url}{CLIENT_API}{path}", encoded=True)
        headers = {"Authorization": f"Bearer {member.token}"}
        encoded = None if body is None else json.dumps(body)
        async with self._session.request(method, url, data=encoded, headers=headers) as answer:
            text = await answer.read()
            if answer.status != 200:
                raise Lost(f"{method} {path} was answered {answer.status}: {text.decode(errors='replace')}")
            found: dict[str, Any] = json.loads(text)
            return found


async def registered(session: aiohttp.ClientSession, url: str, name: str) -> Member:
    """Let somebody register on the server at ``url``."""
    body = {"username": name, "password": PASSWORD, "auth": {"type": "m.login.dummy"}}
    asked = await session.post(f"{url}{CLIENT_API}/register", json=body)
    answer = await asked.json()
    if asked.status == 401:  # the session has to be named
        body["auth"] = {"type": "m.login.dummy", "session": answer["session"]}
        answer = await (await session.post(f"{url}{CLIENT_API}/register", json=body)).json()
    return Member(answer["user_id"], answer["access_token"])


def _notes(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(event["content"]["body"], event["event_id"]) for event in events if event["type"] == "m.room.message"]
