"""What tests do in rooms over HTTP: found one, talk in it, read it; and how many rows the database holds meanwhile."""

import re
from importlib import resources
from itertools import count
from typing import Any

from tests.stage.people import Person
from tests.stage.world import World
from veche.domain.ids import EventId, RoomId
from veche.storage.reader import Snapshot

Event = dict[str, Any]
_numbers = count(1)
_TABLE = re.compile(r"CREATE TABLE (\w+)")


async def found(founder: Person, *members: Person, **wish: Any) -> RoomId:
    """Found a room as ``wish`` describes it, and let ``members`` join it by invitation."""
    room = RoomId((await founder.post("/createRoom", wish)).ok()["room_id"])
    for person in members:
        await come(founder, person, room)
    return room


async def come(host: Person, guest: Person, room: RoomId) -> None:
    """Let somebody join by invitation."""
    (await host.post(f"/rooms/{room}/invite", {"user_id": guest.user})).ok()
    (await guest.post(f"/rooms/{room}/join")).ok()


async def say(person: Person, room: RoomId, body: str = "hello", **more: Any) -> EventId:
    """Say something; ``more`` goes into the content."""
    return await send(person, room, "m.room.message", {"msgtype": "m.text", "body": body, **more})


async def send(person: Person, room: RoomId, kind: str, content: Event) -> EventId:
    """Send a message event of any type."""
    path = f"/rooms/{room}/send/{kind}/n{next(_numbers)}"
    return EventId((await person.put(path, content)).ok()["event_id"])


async def relate(person: Person, room: RoomId, parent: str, kind: str, body: str = "child", **more: Any) -> EventId:
    """Say something that points at ``parent``; an edit carries its new content."""
    content: Event = {"m.relates_to": {"rel_type": kind, "event_id": parent}, **more}
    if kind == "m.replace":
        content.setdefault("m.new_content", {"msgtype": "m.text", "body": body})
    return await say(person, room, body, **content)


async def put_state(person: Person, room: RoomId, kind: str, content: Event, key: str = "") -> EventId:
    """Set a piece of state."""
    return EventId((await person.put(f"/rooms/{room}/state/{kind}/{key}", content)).ok()["event_id"])


async def redact(person: Person, room: RoomId, event: str, reason: str | None = None) -> EventId:
    """Redact an event."""
    body = {} if reason is None else {"reason": reason}
    return EventId((await person.put(f"/rooms/{room}/redact/{event}/r{next(_numbers)}", body)).ok()["event_id"])


async def ignore(person: Person, *others: Person) -> None:
    """Ignore these people and nobody else."""
    content: dict[str, Any] = {"ignored_users": {other.user: {} for other in others}}
    (await person.put(f"/user/{person.user}/account_data/m.ignored_user_list", content)).ok()


async def log(person: Person, room: RoomId, **query: Any) -> list[Event]:
    """Everything that somebody may read of a room, oldest first."""
    answer = await person.get(f"/rooms/{room}/messages", dir="f", limit=1000, **query)
    return list(answer.ok()["chunk"])


async def event(person: Person, room: RoomId, event_id: str) -> Event:
    """One event as somebody reads it."""
    return dict((await person.get(f"/rooms/{room}/event/{event_id}")).ok())


async def membership(person: Person, room: RoomId, of: Person | None = None) -> Event:
    """The content of the present membership event of somebody, the reader's own if nobody else is named."""
    return dict((await person.get(f"/rooms/{room}/state/m.room.member/{(of or person).user}")).ok())


def bodies(events: list[Event]) -> list[str]:
    """The texts of messages."""
    return [event["content"]["body"] for event in events if "body" in event["content"]]


async def rows_of(world: World) -> dict[str, int]:
    """How many rows each table has, and the newest position."""

    def read(at: Snapshot) -> dict[str, int]:
        counts = {table: at.all(f"SELECT COUNT(*) FROM {table}")[0][0] for table in _tables()}
        return {**counts, "position": at.position}

    return await world.queries.reader.run(read)


def _tables() -> list[str]:
    files = (file for file in resources.files("veche.storage.migrations").iterdir() if file.name.endswith(".sql"))
    return sorted(name for file in files for name in _TABLE.findall(file.read_text()))
