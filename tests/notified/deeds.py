"""What three people do: each deed is one request, and what the model has to know of it."""

from itertools import count
from random import Random
from typing import Any
from urllib.parse import quote

from tests.notified.model import UNTHREADED, Happened, Json, Reader, Room
from tests.notified.rules import MASTER
from tests.stage.gateways import GATEWAY
from tests.stage.world import Person, World
from veche.integrations.gateways import NotDelivered

WORDS = (
    *("hello", "anna", "@room", "@room", "boris", "Carla", "lunch", "lunchtime", "boris.", "pay-day", "диван"),
    *("Анна", "Анна", "Zoë", "Zoë"),
)
NAMES = ("Анна", "Анна", "Zoë", "Zoë", "Lunch", "The Boss", "", "boris")
RULES = [".m.rule.message", ".m.rule.encrypted", ".m.rule.room_one_to_one", ".m.rule.call"]
OVERRIDES = [
    ".m.rule.suppress_notices",
    ".m.rule.invite_for_me",
    ".m.rule.member_event",
    ".m.rule.is_user_mention",
    ".m.rule.is_room_mention",
    ".m.rule.contains_display_name",
    ".m.rule.roomnotif",
    ".m.rule.reaction",
    ".m.rule.suppress_edits",
    ".m.rule.tombstone",
]
ACTIONS: tuple[list[Any], ...] = (
    [],
    ["notify"],
    ["notify", {"set_tweak": "highlight"}],
    ["notify", {"set_tweak": "highlight", "value": False}, {"set_tweak": "sound", "value": "x"}],
    [{"set_tweak": "highlight"}],
)
numbers = count(1)


class Deeds:
    """What three people may do in some rooms; ``told`` is what they did, in words."""

    def __init__(self, world: World, people: list[Person], chance: Random) -> None:
        self.world = world
        self.people = people
        self.chance = chance
        self.readers: dict[str, Reader] = {person.user: Reader(person.user) for person in people}
        self.rooms: dict[str, Room] = {}
        self.told: list[str] = []
        self.is_out = False

    def _change_gateway(self) -> None:
        """The gateway fails, or is there again."""
        self.is_out = not self.is_out
        self.told.append(f"the gateway is {'out' if self.is_out else 'there again'}")
        if self.is_out:
            self.world.gateways.faults[GATEWAY] = NotDelivered("it answered 500")
        else:
            self.world.gateways.faults.clear()

    async def _say(self) -> None:
        await self._send(self._content(self._body()))

    async def _reply_in_thread(self) -> None:
        person, room = self._somewhere()
        roots = [one for one in room.log if self._is_plain(one) and one.thread == ""]
        if roots:
            root = self.chance.choice(roots[-3:])
            content = self._content(self._body())
            content["m.relates_to"] = {"rel_type": "m.thread", "event_id": root.id}
            await self._send(content, person=person, room=room)

    async def _react(self) -> None:
        person, room = self._somewhere()
        if room.log:
            relation = {"rel_type": "m.annotation", "event_id": self._target(room).id, "key": str(next(numbers))}
            await self._send({"m.relates_to": relation}, "m.reaction", person, room)

    async def _edit(self) -> None:
        person, room = self._somewhere()
        own = [one for one in room.log if self._is_plain(one) and one.event["sender"] == person.user]
        if own:
            content = self._content("* " + self._body())
            content |= {"m.new_content": self._content(self._body())}
            content["m.relates_to"] = {"rel_type": "m.replace", "event_id": self.chance.choice(own).id}
            await self._send(content, person=person, room=room)

    async def _encrypted(self) -> None:
        kind = self.chance.choice(("m.room.encrypted", "m.call.invite", "org.example.other", "m.sticker"))
        content: Json = {"ciphertext": "x", "algorithm": "y"}
        if self.chance.random() < 0.4:
            content["m.mentions"] = {"user_ids": [self.chance.choice(self.people).user]}
        await self._send(content, kind)

    async def _state(self) -> None:
        _, room = self._somewhere()
        person = max(self.people, key=lambda one: int(room.power.get("users", {}).get(one.user, 0)))
        kind = self.chance.choice(("m.room.topic", "m.room.name", "m.room.tombstone"))
        content = {"topic": self._body(), "name": self._body(), "body": self._body(), "replacement_room": "!x"}
        answer = await person.put(f"/rooms/{room.id}/state/{kind}", content)
        self.told.append(f"{person.user} sets {kind} in {room.id}: {answer.status}")

    async def _redact(self) -> None:
        person, room = self._somewhere()
        said = [one for one in room.log if "state_key" not in one.event and one.event["type"] != "m.room.redaction"]
        if said:
            target = self.chance.choice(said[-6:])
            answer = await person.put(f"/rooms/{room.id}/redact/{target.id}/{next(numbers)}", {})
            self.told.append(f"{person.user} redacts {target.id}: {answer.status}")

    async def _read(self) -> None:
        person, room = self._somewhere()
        if not room.log:
            return
        happened = self._target(room)
        thread = self.chance.choice((UNTHREADED, happened.thread))
        kind = self.chance.choice(("m.read", "m.read", "m.read.private"))
        body = {} if thread == UNTHREADED else {"thread_id": thread or "main"}
        answer = await person.post(f"/rooms/{room.id}/receipt/{kind}/{happened.id}", body)
        self.told.append(f"{person.user} has read {happened.id} ({kind}, {body}): {answer.status}")
        if answer.status == 200:
            self.readers[person.user].read(room.id, kind, thread, happened.position)

    async def _come(self) -> None:
        person, room = self.chance.choice(self.people), self.chance.choice(list(self.rooms.values()))
        answer = await person.post(f"/join/{room.id}")
        self.told.append(f"{person.user} joins {room.id}: {answer.status}")

    async def _go(self) -> None:
        person, room = self._somewhere()
        other = self.chance.choice(self.people)
        if person is other or self.chance.random() < 0.7:
            (await person.post(f"/rooms/{room.id}/leave")).ok()
            self.told.append(f"{person.user} leaves {room.id}")
        else:
            answer = await person.post(f"/rooms/{room.id}/kick", {"user_id": other.user})
            self.told.append(f"{person.user} sends {other.user} from {room.id}: {answer.status}")

    async def _ban(self) -> None:
        """Whoever has the most power in a room bans somebody, or lets them come again."""
        _, room = self._somewhere()
        person = max(self.people, key=lambda one: int(room.power.get("users", {}).get(one.user, 0)))
        banned = [one for one in self.people if room.members.get(one.user) == "ban"]
        other = self.chance.choice(banned or self.people)
        verb = "unban" if other in banned else "ban"
        answer = await person.post(f"/rooms/{room.id}/{verb}", {"user_id": other.user})
        self.told.append(f"{person.user} {verb}s {other.user} in {room.id}: {answer.status}")

    async def _invite(self) -> None:
        person, room = self._somewhere()
        outside = [one for one in self.people if room.members.get(one.user, "leave") == "leave"]
        silent = [one for one in outside if self.readers[one.user].is_silent]
        other = self.chance.choice(silent or self.people)
        answer = await person.post(f"/rooms/{room.id}/invite", {"user_id": other.user})
        self.told.append(f"{person.user} invites {other.user} to {room.id}: {answer.status}")

    async def _rename(self) -> None:
        person, name = self.chance.choice(self.people), self.chance.choice(NAMES)
        (await person.put(f"/profile/{person.user}/displayname", {"displayname": name})).ok()
        self.told.append(f"{person.user} is called {name!r}")

    async def _levels(self) -> None:
        _, room = self._somewhere()
        person = max(self.people, key=lambda one: int(room.power.get("users", {}).get(one.user, 0)))
        if room.power:
            content = room.power | {"notifications": {"room": self.chance.choice((0, 50))}}
            answer = await person.put(f"/rooms/{room.id}/state/m.room.power_levels", content)
            self.told.append(f"{person.user} lets {content['notifications']} in {room.id}: {answer.status}")

    async def _mark_unread(self) -> None:
        person, room = self._somewhere()
        path = f"/user/{person.user}/rooms/{room.id}/account_data/m.marked_unread"
        (await person.put(path, {"unread": self.chance.random() < 0.5})).ok()

    async def _ignore(self) -> None:
        person = self.chance.choice(self.people)
        others: set[str] = {one.user for one in self.people if one is not person and self.chance.random() < 0.3}
        path = f"/user/{person.user}/account_data/m.ignored_user_list"
        (await person.put(path, {"ignored_users": {user: {} for user in others}})).ok()
        self.readers[person.user].ignored = others
        self.told.append(f"{person.user} ignores {others}")

    async def _keyword(self) -> None:
        rule = {
            "pattern": self.chance.choice(("lunch", "lunch*", "pay-day", "boris", "?oris")),
            "actions": self._does(),
        }
        await self._rule("content", self.chance.choice(("one", "two")), rule)

    async def _room_rule(self) -> None:
        await self._rule("room", self._somewhere()[1].id, {"actions": self._does()})

    async def _sender_rule(self) -> None:
        await self._rule("sender", self.chance.choice(self.people).user, {"actions": self._does()})

    async def _override(self) -> None:
        room = self._somewhere()[1].id
        condition = self.chance.choice(
            (
                {"kind": "event_match", "key": "room_id", "pattern": room},
                {"kind": "event_match", "key": "content.body", "pattern": "lunch"},
                {"kind": "event_property_is", "key": "type", "value": "m.sticker"},
                {"kind": "event_match", "key": "type", "pattern": "m.room.t*"},
                {"kind": "unheard of"},
            )
        )
        rule = {"conditions": [condition], "actions": self._does()}
        await self._rule("override", self.chance.choice(("one", "two")), rule)

    async def _size(self) -> None:
        condition = {"kind": "room_member_count", "is": self.chance.choice(("2", ">2", "<=2", "3"))}
        rule = {"conditions": [condition], "actions": self._does()}
        await self._rule(self.chance.choice(("override", "underride")), "size", rule)

    async def _default(self) -> None:
        kind, names = self.chance.choice((("underride", RULES), ("override", OVERRIDES)))
        rule, person = self.chance.choice(names), self.chance.choice(self.people)
        await self._switch(person, kind, rule, self.chance.random() < 0.5)

    async def _silence(self) -> None:
        """Somebody wants to hear nothing at all any more, or whoever did so is there again."""
        silent = [person for person in self.people if self.readers[person.user].is_silent]
        person = self.chance.choice(silent or self.people)
        await self._switch(person, "override", MASTER, person not in silent)

    async def _switch(self, person: Person, kind: str, rule: str, enabled: bool) -> None:
        (await person.put(f"/pushrules/global/{kind}/{rule}/enabled", {"enabled": enabled})).ok()
        self.told.append(f"{person.user} switches {rule} {'on' if enabled else 'off'}")

    async def _actions(self) -> None:
        kind, names = self.chance.choice((("underride", RULES), ("override", [MASTER, *OVERRIDES])))
        rule, person, does = self.chance.choice(names), self.chance.choice(self.people), self._does()
        (await person.put(f"/pushrules/global/{kind}/{rule}/actions", {"actions": does})).ok()
        self.told.append(f"{person.user} lets {rule} do {does}")

    async def _rule(self, kind: str, name: str, rule: Json) -> None:
        person = self.chance.choice(self.people)
        path = f"/pushrules/global/{kind}/{quote(name, safe='')}"
        if self.chance.random() < 0.4:
            answer = await person.delete(path)
        else:
            answer = await person.put(path, rule)
        self.told.append(f"{person.user} has {kind} rule {name}: {rule} ({answer.status})")

    async def _send(
        self, content: Json, kind: str = "m.room.message", person: Person | None = None, room: Room | None = None
    ) -> None:
        if person is None or room is None:
            person, room = self._somewhere()
        answer = await person.put(f"/rooms/{room.id}/send/{kind}/{next(numbers)}", content)
        self.told.append(f"{person.user} sends {kind} {content} to {room.id}: {answer.status} {answer.json}")

    def _body(self) -> str:
        return " ".join(self.chance.choices(WORDS, k=self.chance.choice((1, 2, 3))))

    def _content(self, body: str) -> Json:
        content: Json = {"msgtype": self.chance.choice(("m.text", "m.text", "m.text", "m.notice")), "body": body}
        named = self.chance.choice((None, None, None, None, [], ["one"], ["one"], ["all"], "room", "nonsense"))
        if isinstance(named, list):
            some = self.people if named == ["all"] else self.chance.sample(self.people, len(named))
            content["m.mentions"] = {"user_ids": [person.user for person in some]}
        elif named is not None:
            content["m.mentions"] = {"room": True} if named == "room" else {"user_ids": 7, "room": "yes"}
        return content

    def _does(self) -> list[Any]:
        return self.chance.choice(ACTIONS)

    def _somewhere(self) -> tuple[Person, Room]:
        inside = [
            (person, room)
            for room in self.rooms.values()
            for person in self.people
            if room.members.get(person.user) == "join"
        ]
        return self.chance.choice(inside or [(self.people[0], next(iter(self.rooms.values())))])

    def _target(self, room: Room) -> Happened:
        return self.chance.choice(room.log[-8:])

    def _is_plain(self, happened: Happened) -> bool:
        event = happened.event
        relation = event["content"].get("m.relates_to", {}).get("rel_type")
        return event["type"] == "m.room.message" and relation in (None, "m.thread") and not happened.is_redacted
