"""Random stories of three people in two or three rooms; after each deed everything that counts is compared."""

from functools import partial
from random import Random

from tests.cast import ANNA, BORIS, CARLA
from tests.notified.deeds import Deeds, numbers
from tests.notified.model import Happened, Json, Reader, Room
from tests.stage.gateways import Push, pusher
from tests.stage.world import Person, World
from veche.base import json
from veche.domain.ids import UserId
from veche.storage.writer import Transaction

USUAL = {
    "_say": 12, "_reply_in_thread": 4, "_read": 6, "_react": 1, "_edit": 1, "_encrypted": 1, "_redact": 2, "_state": 1,
    "_come": 2, "_go": 2, "_invite": 2, "_rename": 1, "_keyword": 1, "_room_rule": 1, "_sender_rule": 1, "_override": 1,
    "_default": 1, "_actions": 1, "_size": 1, "_ignore": 1, "_mark_unread": 1, "_levels": 1,
    "_silence": 0.1, "_ban": 0.1,
}  # fmt: skip
"""How often what happens."""
THEMES = (
    ("_silence", "_silence", "_ban", "_ban", "_invite", "_go"),
    ("_rename",),
    ("_levels", "_levels", "_state"),
    ("_come", "_go", "_size"),
    ("_go", "_invite"),
    ("_keyword", "_redact"),
    ("_ignore",),
    ("_read", "_reply_in_thread"),
    ("_room_rule", "_override", "_default", "_actions"),
    ("_rename", "_redact", "_keyword"),
)
"""What happens more often in a story than in others; what stands there twice, much more often."""


class Disagrees(AssertionError):
    """The server and the model do not say the same."""


class Story(Deeds):
    """Three people with a pusher each. ``world`` is shared by stories; people of an earlier one have left its rooms.

    ``owed`` is what happened since the gateway is out; ``passed_over`` what did not notify at a moment when nothing
    else was due: where the rules are others later, it need not be told any more.
    """

    def __init__(self, world: World, people: list[Person], chance: Random, theme: int) -> None:
        super().__init__(world, people, chance)
        self.position = 0
        self.heard: dict[str, int] = {person.user: 0 for person in people}
        self.keys: dict[str, str] = {}
        self.last: dict[str, Push] = {}
        self.tokens: dict[str, str] = {}
        self.held: dict[str, dict[str, Json]] = {}
        self.owed: dict[str, list[Happened]] = {person.user: [] for person in people}
        self.passed_over: set[Happened] = set()
        self.theme = THEMES[theme % len(THEMES)]

    async def tell(self, steps: int) -> None:
        """Tell the whole story; where somebody disagrees, with what had happened."""
        self.position = await self._head()
        for person in self.people:
            key = self.keys[person.user] = f"{person.user} {next(numbers)}"
            (await person.post("/pushers/set", pusher(key))).ok()
            self.heard[person.user] = len(self.world.gateways.pushes)
        try:
            for _ in range(self.chance.choice((2, 2, 3))):
                await self._found()
            for _ in range(steps):
                await self._happen()
        except Disagrees as fault:
            raise Disagrees("\n".join([*self.told, str(fault)])) from None
        finally:
            await self._end()

    async def _happen(self) -> None:
        deeds = {getattr(self, name): weight for name, weight in USUAL.items()}
        for name in self.theme:
            deeds[getattr(self, name)] *= 6
        if self.chance.random() < 0.02:
            self.told.append("the server is started again")
            await self.world.restart()
        elif self.chance.random() < (0.15 if self.is_out else 0.05):
            self._change_gateway()
        else:
            await self.chance.choices(list(deeds), list(deeds.values()))[0]()
        await self._compare()

    async def _found(self) -> None:
        founder = self.chance.choice(self.people)
        body = {"preset": "public_chat", "room_version": "11"}
        room = (await founder.post("/createRoom", body)).ok()["room_id"]
        self.rooms[room] = Room(room)
        self.told.append(f"{founder.user} founds {room}")
        for person in self.people:
            if person is not founder and self.chance.random() < 0.8:
                (await person.post(f"/join/{room}")).ok()
        await self._compare()

    async def _compare(self) -> None:
        new = await self._learn()
        await self.world.pushed(retries=not self.is_out)
        looking = self.chance.choice(self.people)
        for person in self.people:
            reader = self.readers[person.user]
            reader.ruleset = (await person.get("/pushrules/")).ok()["global"]
            self._compare_pushes(reader, new)
            if person is looking:
                await self._compare_sync(person, reader)
                await self._compare_list(person, reader)

    async def _learn(self) -> list[Happened]:
        """Take note of what the log holds now."""
        rows = await self.world.queries.reader.run(
            lambda at: at.all(
                "SELECT position, room_id, json FROM events WHERE position > ? ORDER BY position", self.position
            )
        )
        new = []
        for position, room, text in rows:
            self.position = position
            happened = self.rooms[room].add(position, json.decode(text) | {"room_id": room})
            new.append(happened)
            if happened.event["sender"] in self.readers:
                self.readers[happened.event["sender"]].wrote(happened)
        return new

    async def _compare_sync(self, person: Person, reader: Reader) -> None:
        """What a client holds that has synced now and then, or that begins anew; Anna's knows nothing of threads."""
        by_thread = person is not self.people[0]
        wish = {"room": {"timeline": {"limit": 2, "unread_thread_notifications": by_thread}}}
        since = self.tokens.get(reader.user) if self.chance.random() < 0.8 else None
        synced = (await person.get("/sync", filter=json.encode(wish).decode(), timeout=0, since=since)).ok()
        self.tokens[reader.user] = synced["next_batch"]
        held = self.held.setdefault(reader.user, {}) if since is not None else {}
        told = synced.get("rooms", {})
        for room in (*told.get("leave", {}), *told.get("invite", {})):
            held.pop(room, None)
        held.update(told.get("join", {}))
        self.held[reader.user] = held
        for room in self.rooms.values():
            inside = room.members.get(reader.user) == "join"
            if inside != (room.id in held):
                raise Disagrees(f"{reader.user} is {'' if inside else 'not '}in {room.id}")
            if inside:
                self._compare_counts(reader, room, held[room.id], by_thread)

    def _compare_counts(self, reader: Reader, room: Room, told: Json, by_thread: bool) -> None:
        counts = reader.counts(room)
        if by_thread:
            said = {"": told["unread_notifications"], **told.get("unread_thread_notifications", {})}
        else:
            said = {"": told["unread_notifications"]}
            counts = {"": (sum(one[0] for one in counts.values()), sum(one[1] for one in counts.values()))}
        found = {name: (one["notification_count"], one["highlight_count"]) for name, one in said.items()}
        found = {name: one for name, one in found.items() if one != (0, 0)}
        counts = {name: one for name, one in counts.items() if one != (0, 0)}
        if found != counts:
            raise Disagrees(f"{reader.user} in {room.id}: sync counts {found}, the model {counts}")

    async def _compare_list(self, person: Person, reader: Reader) -> None:
        expected = reader.notifications(list(self.rooms.values()))
        for only, wanted in ((None, expected), ("highlight", [one for one in expected if one[2]])):
            found: list[tuple[str, bool]] = []
            token: str | None = None
            while True:
                page = (
                    await person.get("/notifications", limit=7, only=only, **({"from": token} if token else {}))
                ).ok()
                found += [
                    (one["event"]["event_id"], one["read"])
                    for one in page["notifications"]
                    if one["room_id"] in self.rooms
                ]
                token = page.get("next_token")
                if token is None:
                    break
            if found != [one[:2] for one in wanted]:
                raise Disagrees(f"{reader.user}: /notifications ({only}) lists {found}, the model {wanted}")

    def _compare_pushes(self, reader: Reader, new: list[Happened]) -> None:
        badge = reader.badge(list(self.rooms.values()))
        heard = self._heard(reader.user)
        owed = [*self.owed[reader.user], *new]
        due = [one for one in owed if reader.is_concerned(one) and not reader.has_read(one) and reader.judge(one)[0]]
        told = [push.event_id for push in heard if push.event_id is not None]
        wanted = [] if self.is_out else [one.id for one in due if one.id in told or one not in self.passed_over]
        if told != wanted:
            raise Disagrees(f"{reader.user} was pushed {told}, the model {wanted}")
        self.owed[reader.user] = owed if self.is_out else []
        if not due and reader.user in self.last and self.last[reader.user].unread == badge:
            self.passed_over.update(owed)
        for push in heard:
            before = self.last.get(reader.user)
            if push.event_id is None and before is not None and before.unread == push.unread:
                raise Disagrees(f"{reader.user} was told the number {push.unread} again")
            self.last[reader.user] = push
        last = self.last[reader.user].unread if reader.user in self.last else 0
        if last != badge and not self.is_out:
            raise Disagrees(f"{reader.user} was told that {last} are unread, the model says {badge}")

    def _heard(self, user: str) -> list[Push]:
        """What a person was pushed since the last deed."""
        pushes = self.world.gateways.pushes[self.heard[user] :]
        self.heard[user] = len(self.world.gateways.pushes)
        return [push for push in pushes if push.pushkey == self.keys[user]]

    async def _head(self) -> int:
        return await self.world.queries.reader.run(lambda at: at.position)

    async def _end(self) -> None:
        """Leave nothing behind for the next story."""
        self.world.gateways.faults.clear()
        for person in self.people:
            for room in self.rooms.values():
                await person.post(f"/rooms/{room.id}/leave")
            for one in (await person.get("/pushers")).ok()["pushers"]:
                (await person.post("/pushers/set", {**one, "kind": None})).ok()
            await person.put(f"/user/{person.user}/account_data/m.ignored_user_list", {"ignored_users": {}})
            await self.world.commands.writer.run(partial(_forget_rules, person.user))


def _forget_rules(user: UserId, tx: Transaction) -> None:
    tx.run("DELETE FROM push_rules WHERE user_id = ?", user)


async def people_of(world: World) -> list[Person]:
    """The three of every story."""
    return await world.people(ANNA, BORIS, CARLA)
