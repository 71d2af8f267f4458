"""What people do in a story: everything that a sync may have to tell. What the rules refuse simply does not happen."""

from functools import partial
from itertools import count
from typing import Any
from urllib.parse import quote

from tests.parity.truth import Joined
from tests.stage.asgi import Answer
from tests.stage.people import Person
from tests.stage.world import World
from veche.base import json
from veche.domain.ids import RoomId
from veche.storage import rooms
from veche.storage.encryption import to_device
from veche.storage.reader import Snapshot
from veche.storage.writer import Transaction

VISIBILITIES = ("world_readable", "shared", "invited", "joined")
JOIN_RULES = ("public", "knock", "invite")
TAGS = ("m.favourite", "u.work")
EVERYBODY_MAY = {"users_default": 0, "state_default": 0, "events_default": 0, "invite": 0, "redact": 0, "events": {}}
_numbers = count(1)


class Said:
    """An event somebody sent, as far as later deeds care."""

    def __init__(self, event_id: str, sender: str, *, is_root: bool) -> None:
        self.event_id = event_id
        self.sender = sender
        self.is_root = is_root


class Deeds:
    """The deeds of some people in some rooms. Numbers choose among whoever and whatever is there."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.rooms: list[str] = []
        self.founders: dict[str, Person] = {}
        self.said: dict[str, list[Said]] = {}

    async def found(self, founder: Person, visibility: str, join_rule: str, *, named: bool) -> str:
        """Found a room in which everybody may do everything but send others away."""
        state = [
            {"type": "m.room.history_visibility", "content": {"history_visibility": visibility}},
            {"type": "m.room.join_rules", "content": {"join_rule": join_rule}},
        ]
        body: dict[str, Any] = {"initial_state": state, "power_level_content_override": EVERYBODY_MAY}
        made = await founder.post("/createRoom", {**body, **({"name": "Hall"} if named else {})})
        room: str = made.ok()["room_id"]
        self.rooms.append(room)
        self.founders[room] = founder
        self.said[room] = []
        return room

    async def say(self, person: Person, room: str, kind: str, number: int, other: str) -> None:
        """Send a message event of some kind; ``number`` chooses what it speaks about, ``other`` whom it names."""
        content = self._content(person, room, kind, number, other)
        event_type = {"reaction": "m.reaction", "encrypted": "m.room.encrypted"}.get(kind, "m.room.message")
        answer = await person.put(f"/rooms/{room}/send/{event_type}/{next(_numbers)}", content)
        if answer.status == 200:
            is_root = "m.relates_to" not in content
            self.said[room].append(Said(answer.json["event_id"], person.user, is_root=is_root))

    async def set_state(self, person: Person, room: str, kind: str, number: int) -> None:
        """Set a piece of state."""
        content, key = {
            "m.room.name": ({"name": f"Room {number}"} if number % 3 else {}, ""),
            "m.room.topic": ({"topic": f"About {number}"}, ""),
            "m.room.history_visibility": ({"history_visibility": VISIBILITIES[number % 4]}, ""),
            "m.room.join_rules": ({"join_rule": JOIN_RULES[number % 3]}, ""),
            "org.veche.note": ({"note": number}, f"key{number % 2}"),
        }[kind]
        await person.put(f"/rooms/{room}/state/{kind}/{key}", content)

    async def redact(self, person: Person, room: str, number: int) -> None:
        """Redact one's own event, or, as the founder, anybody's."""
        mine = [
            one.event_id
            for one in self.said[room]
            if one.sender == person.user or person.user == self.founders[room].user
        ]
        if mine:
            await person.put(f"/rooms/{room}/redact/{quote(mine[-1 - number % len(mine)])}/{next(_numbers)}", {})

    async def move(self, person: Person, room: str, deed: str, other: str) -> None:
        """Change a membership: one's own, or that of ``other`` (by the founder, where it takes power)."""
        if deed in ("join", "knock"):
            await person.post(f"/{deed}/{room}")
        elif deed in ("leave", "forget"):
            await person.post(f"/rooms/{room}/{deed}")
        elif deed == "invite":
            await person.post(f"/rooms/{room}/invite", {"user_id": other})
        else:
            await self.founders[room].post(f"/rooms/{room}/{deed}", {"user_id": other})

    async def read(self, person: Person, room: str, kind: str, number: int, *, threaded: bool) -> None:
        """Say how far one has read, in a thread or not."""
        if not self.said[room]:
            return
        event = self.said[room][-1 - number % len(self.said[room])].event_id
        if kind == "m.fully_read":
            await person.post(f"/rooms/{room}/read_markers", {kind: event})
            return
        body = {"thread_id": "main"} if threaded else {}
        answer = await person.post(f"/rooms/{room}/receipt/{kind}/{quote(event)}", body)
        roots = [one.event_id for one in self.said[room] if one.is_root]
        while threaded and answer.status == 400 and roots:  # the event may be in one of the threads
            answer = await person.post(f"/rooms/{room}/receipt/{kind}/{quote(event)}", {"thread_id": roots.pop()})

    async def keep(self, person: Person, room: str | None, kind: str, number: int) -> None:
        """Store account data: a tag on a room, or of its own kind, in a room or not."""
        place = f"/user/{person.user}" + (f"/rooms/{room}" if room is not None else "")
        if kind == "tag":
            await person.put(f"{place}/tags/{TAGS[number % 2]}", {"order": number / 8})
        elif kind == "untag":
            await person.delete(f"{place}/tags/{TAGS[number % 2]}")
        else:
            await person.put(f"{place}/account_data/org.veche.{kind}", {"number": number})

    async def ignore(self, person: Person, others: list[str]) -> None:
        """Ignore exactly these people from now on."""
        content: dict[str, Any] = {"ignored_users": {user: {} for user in others}}
        (await person.put(f"/user/{person.user}/account_data/m.ignored_user_list", content)).ok()

    async def hush(self, person: Person, room: str, number: int) -> None:
        """Change one's push rules: mute a room, unmute it, or let a word be loud."""
        rules = "/pushrules/global"
        deeds = (
            partial(person.put, f"{rules}/room/{room}", {"actions": []}),
            partial(person.delete, f"{rules}/room/{room}"),
            partial(person.put, f"{rules}/content/lunch", {"pattern": "lunch", "actions": ["notify"]}),
            partial(person.put, f"{rules}/underride/.m.rule.message/actions", {"actions": []}),
        )
        await deeds[number % len(deeds)]()

    async def rename(self, person: Person, number: int) -> None:
        """Bear another name, in all rooms."""
        await person.put(f"/profile/{person.user}/displayname", {"displayname": f"Name {number}"})

    async def upload_keys(self, person: Person) -> Answer:
        """Bring new identity keys: everybody who shares a room has to look at them."""
        device, key = person.asker.device, f"k{next(_numbers)}"
        keys = {
            "user_id": person.user,
            "device_id": device,
            "algorithms": ["m.olm.v1.curve25519-aes-sha2"],
            "keys": {f"curve25519:{device}": key, f"ed25519:{device}": key},
            "signatures": {person.user: {f"ed25519:{device}": key}},
        }
        return await person.post("/keys/upload", {"device_keys": keys})

    async def tell_device(self, sender: Person, device: Person, numbers: list[int]) -> None:
        """Send messages to a device: one as people do, many at once straight into its inbox."""
        if len(numbers) == 1:
            messages = {device.user: {device.asker.device: {"number": numbers[0]}}}
            path = f"/sendToDevice/org.veche.note/{next(_numbers)}"
            (await sender.put(path, {"messages": messages})).ok()
            return

        def fill(tx: Transaction) -> None:
            user, name = device.asker.user, device.asker.device
            for number in numbers:
                note = {"content": {"number": number}, "sender": sender.user, "type": "org.veche.note"}
                to_device.add(tx, user, name, json.encode(note))
            tx.after(partial(self.world.queries.live.inboxes.drop, user, name))

        await self.world.commands.writer.run(fill)

    async def joined(self) -> Joined:
        """Who is joined to which of the rooms now."""

        def read(at: Snapshot) -> Joined:
            return frozenset(
                (room, member.user_id) for room in self.rooms for member in rooms.members(at, RoomId(room), "join")
            )

        return await self.world.queries.reader.run(read)

    async def has_forgotten(self, person: Person, room: str) -> bool:
        """Say whether somebody has forgotten a room they were in."""
        found = await self.world.queries.reader.run(lambda at: rooms.membership(at, RoomId(room), person.user))
        return found is not None and found.is_forgotten

    def _content(self, person: Person, room: str, kind: str, number: int, other: str) -> dict[str, Any]:
        said = self.said[room]
        about = said[-1 - number % len(said)] if said else None
        text: dict[str, Any] = {"msgtype": "m.text", "body": f"{number} for lunch"}
        kinds: dict[str, dict[str, Any]] = {
            "mention": {"m.mentions": {"user_ids": [other]}},
            "everybody": {"m.mentions": {"room": True}},
            "name": {"body": f"where is {other[1:].partition(':')[0]}?"},
            "image": {"msgtype": "m.image", "url": "mxc://veche.test/picture"},
        }
        more = kinds.get(kind, {})
        if about is not None and kind in ("thread", "edit", "reaction", "reference"):
            more = _speaking_of(about.event_id, kind, number)
        if kind == "encrypted":
            return {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": f"{number}"}
        return {**text, **more}


def _speaking_of(event: str, kind: str, number: int) -> dict[str, Any]:
    relation = {"thread": "m.thread", "edit": "m.replace", "reaction": "m.annotation", "reference": "m.reference"}[kind]
    relates: dict[str, Any] = {"rel_type": relation, "event_id": event}
    if kind == "reaction":
        return {"m.relates_to": {**relates, "key": f"{number}"}}
    new = {"m.new_content": {"msgtype": "m.text", "body": "better"}} if kind == "edit" else {}
    return {"m.relates_to": relates, **new}
