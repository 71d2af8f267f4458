"""Four private rooms with the same story, one for each history visibility: people are invited, come, talk, and go.

Whatever is said or set at a step bears a canary; ``AUDIENCES`` says who may know it.
"""

from typing import Any

from tests.authorisation.askers import (
    ADMINISTRATOR,
    BANNED,
    INVITED,
    JOINED,
    KNOCKING,
    LEFT,
    MEMBER,
    MODERATOR,
    NOBODY,
    OWNER,
    SIGNED_IN,
    WERE_IN,
    Group,
)
from tests.authorisation.scene import Scene

STEPS = ("early", "inviting", "together", "after")
_LET_IN = frozenset((INVITED,))
_AT_THE_DOOR = frozenset((INVITED, KNOCKING))

AUDIENCES: dict[str, dict[str, Group]] = {
    # The founder is alone; people are invited; they have joined; one has left, one is banned, one knocks.
    "joined": {"early": OWNER, "inviting": OWNER, "together": WERE_IN, "after": JOINED},
    "invited": {
        "early": OWNER,
        "inviting": WERE_IN | _LET_IN,
        "together": WERE_IN | _LET_IN,
        "after": JOINED | _LET_IN,
    },
    "shared": {"early": WERE_IN, "inviting": WERE_IN, "together": WERE_IN, "after": JOINED},
    "world_readable": dict.fromkeys(STEPS, SIGNED_IN),
}
"""Who may know what was said at a step (section Room History Visibility, server behaviour)."""


async def plant_histories(scene: Scene) -> None:
    """Play the story in all four rooms, step by step, noting the position of the log after each."""
    stories = [_Story(scene, visibility) for visibility in AUDIENCES]
    for step in STEPS:
        for story in stories:
            await getattr(story, step)()
        answer = await scene.people[ADMINISTRATOR].world.call("GET", "/health")
        scene.positions.append(answer.ok()["position"])


class _Story:
    """What happens in one of the rooms. Names of what happened begin with the room's visibility."""

    def __init__(self, scene: Scene, visibility: str) -> None:
        self._scene = scene
        self._visibility = visibility
        self._audiences = AUDIENCES[visibility]
        self._founder = scene.people[ADMINISTRATOR]
        self._room = ""

    async def early(self) -> None:
        """The founder is alone."""
        self._room = await self._found()
        await self._set_scenery("early")
        await self._say("early", self._audiences["early"])
        path = f"/rooms/{self._room}/receipt/m.read.private/{self._name('early')}"
        (await self._founder.post(path)).ok()

    async def inviting(self) -> None:
        """Five people are invited."""
        await self._set_scenery("inviting")
        for asker in (MODERATOR, MEMBER, LEFT, BANNED, INVITED):
            body = {"user_id": self._user(asker)}
            if asker == INVITED:
                body["reason"] = self._plant("reason of the invitation", self._audiences["together"] | _LET_IN)
            (await self._founder.post(f"/rooms/{self._room}/invite", body)).ok()
        await self._say("inviting", self._audiences["inviting"])

    async def together(self) -> None:
        """Four of them come; things are said that are changed and taken back later."""
        await self._set_scenery("together")
        for asker in (MODERATOR, MEMBER, LEFT, BANNED):
            (await self._scene.people[asker].post(f"/join/{self._room}")).ok()
        await self._say("together", self._audiences["together"])
        await self._say("draft", self._audiences["together"])
        await self._edit("draft", "edit while together", "together")
        await self._say("remark", NOBODY)
        note = {"text": self._plant("note", NOBODY)}
        self._note("note", await self._set("org.veche.note", note))

    async def after(self) -> None:
        """One leaves, one is banned, one knocks; the others go on, also about what was said before."""
        people, later = self._scene.people, self._audiences["after"]
        leaving = {"reason": self._plant("reason of the leaving", self._audiences["together"])}
        (await people[LEFT].post(f"/rooms/{self._room}/leave", leaving)).ok()
        ban = {"user_id": self._user(BANNED), "reason": self._plant("reason of the ban", later | {BANNED})}
        (await self._founder.post(f"/rooms/{self._room}/ban", ban)).ok()
        await self._set_scenery("after", others=_AT_THE_DOOR)
        knock = {"reason": self._plant("reason of the knock", later | {KNOCKING})}
        (await people[KNOCKING].post(f"/knock/{self._room}", knock)).ok()
        await self._say("after", later)
        await self._relate(later)
        await self._take_back(later)

    async def _relate(self, later: Group) -> None:
        """Speak about what was said before."""
        root = self._name("together")
        await self._edit("draft", "edit afterwards", "after")
        await self._edit("together", "edit of the root", "after")
        for what in ("thread", "reference"):
            await self._say(what, later, {"m.relates_to": {"rel_type": f"m.{what}", "event_id": root}})
        key = self._plant("reaction", later)
        annotation = {"m.relates_to": {"rel_type": "m.annotation", "event_id": root, "key": key}}
        await self._send("reaction", "m.reaction", annotation)
        named = [self._user(asker) for asker in (ADMINISTRATOR, LEFT, INVITED)]
        await self._say("mention", later, {"m.mentions": {"user_ids": named}}, by=MEMBER)

    async def _take_back(self, later: Group) -> None:
        """Redact a message and a piece of state, and then the second redaction too."""
        await self._redact("remark", "first redaction", later)
        await self._redact("note", "second redaction", NOBODY)
        await self._redact("second redaction", "third redaction", later)

    async def _redact(self, target: str, what: str, audience: Group) -> None:
        reason = {"reason": self._plant(f"reason of the {what}", audience)}
        path = f"/rooms/{self._room}/redact/{self._name(target)}/{what.replace(' ', '')}"
        self._note(what, (await self._founder.put(path, reason)).ok()["event_id"])

    async def _found(self) -> str:
        state = [
            {"type": "m.room.history_visibility", "content": {"history_visibility": self._visibility}},
            {"type": "m.room.join_rules", "content": {"join_rule": "knock"}},
        ]
        powers = {"users": {self._user(ADMINISTRATOR): 100, self._user(MODERATOR): 50}}
        body = {"preset": "private_chat", "initial_state": state, "power_level_content_override": powers}
        room: str = (await self._founder.post("/createRoom", body)).ok()["room_id"]
        self._scene.rooms[self._visibility] = self._note("room", room)
        return room

    async def _set_scenery(self, step: str, others: Group = NOBODY) -> None:
        """Set topic and name, and call the founder otherwise; of the last, also who stands at the door is told."""
        audience = self._audiences[step]
        for what in ("topic", "name"):
            text = self._plant(f"{what} {step}", audience | others)
            self._note(f"{what} {step}", await self._set(f"m.room.{what}", {what: text}))
        inviter = others & _LET_IN  # an invitation shows who sent it
        card = {"membership": "join", "displayname": self._plant(f"founder's name {step}", audience | inviter)}
        await self._set("m.room.member", card, self._founder.user)

    async def _set(self, kind: str, content: dict[str, Any], key: str = "") -> str:
        path = f"/rooms/{self._room}/state/{kind}/{key}"
        return str((await self._founder.put(path, content)).ok()["event_id"])

    async def _say(
        self, what: str, audience: Group, more: dict[str, Any] | None = None, by: str = ADMINISTRATOR
    ) -> None:
        content = {"msgtype": "m.text", "body": self._plant(what, audience), **(more or {})}
        await self._send(what, "m.room.message", content, by)

    async def _edit(self, target: str, what: str, step: str) -> None:
        text = self._plant(what, self._audiences[step])
        content = {
            "msgtype": "m.text",
            "body": f"* {text}",
            "m.new_content": {"msgtype": "m.text", "body": text},
            "m.relates_to": {"rel_type": "m.replace", "event_id": self._name(target)},
        }
        await self._send(what, "m.room.message", content)

    async def _send(self, what: str, kind: str, content: dict[str, Any], by: str = ADMINISTRATOR) -> None:
        path = f"/rooms/{self._room}/send/{kind}/{what.replace(' ', '')}"
        self._note(what, (await self._scene.people[by].put(path, content)).ok()["event_id"])

    def _plant(self, what: str, audience: Group) -> str:
        return self._scene.canaries.plant(f"{self._visibility}: {what}", audience)

    def _note(self, what: str, value: str) -> str:
        self._scene.names[self._key(what)] = value
        return value

    def _name(self, what: str) -> str:
        return self._scene.names[self._key(what)]

    def _key(self, what: str) -> str:
        return f"{self._visibility}_{what.replace(' ', '_')}"

    def _user(self, asker: str) -> str:
        return self._scene.people[asker].user
