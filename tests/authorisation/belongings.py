"""What people keep for themselves: account data, tags, filters, rules, backups, devices, messages to devices, secrets.

And three more rooms of the founder: one for all, one for nobody else, one that nobody can enter.
"""

from functools import partial
from typing import Any

from tests.api.test_encryption_cross_signing import key, key_set
from tests.api.test_encryption_keys import identity
from tests.authorisation.askers import (
    ADMINISTRATOR,
    EXPIRED,
    JOINED,
    MEMBER,
    MODERATOR,
    NOBODY,
    OWNER,
    REVOKED,
    SERVER_ADMINISTRATOR,
    SIGNED_IN,
    Group,
)
from tests.authorisation.scene import Scene
from tests.stage.people import Person
from tests.stage.world import World
from veche.commands import accounts
from veche.domain.accounts.tokens import TokenWish
from veche.domain.ids import Position
from veche.domain.notifications.pushers import Pusher, PusherKey
from veche.domain.sessions import OPERATOR, digest_of
from veche.storage import sessions
from veche.storage.notifications import pushers
from veche.storage.sessions import short_tokens
from veche.storage.sessions.short_tokens import Kind

_ALGORITHM = "m.megolm_backup.v1.curve25519-aes-sha2"
_TARGETS = {MODERATOR: "olga", ADMINISTRATOR: "pavel", SERVER_ADMINISTRATOR: "quentin"}
"""People to whom things are done, for those who may do them; others would do it to the last of these."""


async def plant_belongings(scene: Scene) -> None:
    """Give everybody something private of each kind."""
    for asker in sorted(SIGNED_IN):
        await _Owner(scene, asker).keep()


async def plant_rooms(scene: Scene) -> None:
    """Found a room for all, one for the founder alone, and one with a join rule that nobody knows."""
    founder, canaries = scene.people[ADMINISTRATOR], scene.canaries
    bodies: dict[str, dict[str, Any]] = {
        "lobby": {"preset": "public_chat", "visibility": "public", "room_alias_name": "lobby"},
        "study": {"preset": "private_chat", "topic": canaries.plant("topic of the study", OWNER)},
        "vault": {"preset": "private_chat"},
    }
    for room, body in bodies.items():
        name = canaries.plant(f"name of the {room}", SIGNED_IN if room == "lobby" else OWNER)
        scene.names[room] = (await founder.post("/createRoom", {**body, "name": name})).ok()["room_id"]
        said = {"body": canaries.plant(f"said in the {room}", OWNER)}
        path = f"/rooms/{scene.names[room]}/send/m.room.message/1"
        scene.names[f"said_in_{room}"] = (await founder.put(path, said)).ok()["event_id"]
    rule = {"join_rule": f"org.veche.{canaries.plant('join rule of the vault', OWNER)}"}
    (await founder.put(f"/rooms/{scene.names['vault']}/state/m.room.join_rules", rule)).ok()


async def plant_references(scene: Scene) -> None:
    """Speak in the founder's own room about what was said in the shared one: its members must not hear of that."""
    founder, root = scene.people[ADMINISTRATOR], scene.names["shared_together"]
    for kind in ("m.thread", "m.reference", "m.replace", "m.annotation"):
        text = scene.canaries.plant(f"{kind} from the study", OWNER)
        relation = {"rel_type": kind, "event_id": root, "key": text}
        content = {"msgtype": "m.text", "body": text, "m.new_content": {"msgtype": "m.text", "body": text}}
        path = f"/rooms/{scene.names['study']}/send/m.room.message/{kind}"
        (await founder.put(path, {**content, "m.relates_to": relation})).ok()


async def plant_keys(scene: Scene) -> None:
    """Publish keys of the administrator and of a member, whom the administrator has verified.

    The names of devices with keys are shown with them; whom somebody has verified is their own affair.
    """
    canaries, founder, member = scene.canaries, scene.people[ADMINISTRATOR], scene.people[MEMBER]
    name = {"display_name": canaries.plant("name of a device with keys", SIGNED_IN)}
    (await founder.put(f"/devices/{founder.asker.device}", name)).ok()
    (await founder.post("/keys/upload", {"device_keys": identity(founder)})).ok()
    private = canaries.plant("user-signing key", OWNER)
    keys = key_set(founder)
    keys["user_signing_key"] = key(founder, "user_signing", private, "Manna")
    (await founder.post("/keys/device_signing/upload", keys)).ok()
    theirs = key_set(member)
    (await member.post("/keys/device_signing/upload", theirs)).ok()
    signature = {founder.user: {f"ed25519:{private}": canaries.plant("signature on a friend's key", OWNER)}}
    signed = {**theirs["master_key"], "signatures": signature}
    [public] = (name.partition(":")[2] for name in theirs["master_key"]["keys"])
    answer = await founder.post("/keys/signatures/upload", {member.user: {public: signed}})
    assert answer.ok() == {"failures": {}}


async def plant_aliases(scene: Scene) -> None:
    """Name the shared room: once for each asker, and once with a name that only members are told."""
    founder, room = scene.people[ADMINISTRATOR], scene.names["shared_room"]
    secret = scene.canaries.plant("alias of the shared room", JOINED)
    for number, asker in enumerate(sorted(scene.own)):
        scene.own[asker]["alias"] = f"#name-{number}:veche.test"
    for alias in (f"#{secret}:veche.test", *(own["alias"] for own in scene.own.values())):
        (await founder.put(f"/directory/room/{alias.replace('#', '%23')}", {"room_id": room})).ok()


async def plant_targets(scene: Scene, world: World) -> None:
    """For each of those who may, a member to send away, somebody to invite, and somebody whose ban is to be lifted."""
    founder, room = scene.people[ADMINISTRATOR], scene.names["shared_room"]
    for name in _TARGETS.values():
        guest, outcast = [await world.person(f"{name}-{role}") for role in ("guest", "outcast")]
        await world.person(f"{name}-friend")
        (await founder.post(f"/rooms/{room}/invite", {"user_id": guest.user})).ok()
        (await guest.post(f"/join/{room}")).ok()
        (await founder.post(f"/rooms/{room}/ban", {"user_id": outcast.user})).ok()
    for asker, own in scene.own.items():
        name = _TARGETS.get(asker, _TARGETS[SERVER_ADMINISTRATOR])
        own |= {role: f"@{name}-{role}:veche.test" for role in ("guest", "outcast", "friend")}


async def plant_pushers(scene: Scene, world: World) -> None:
    """Give everybody a pusher, past the door: no gateway is allowed here."""
    for asker in sorted(SIGNED_IN):
        person, name = scene.people[asker], scene.canaries.plant(f"pusher of the {asker}", frozenset((asker,)))
        own = Pusher(
            *(PusherKey(person.user, "org.veche", name), "http", person.asker.device, name, name, None, "en"),
            {"url": f"https://push.example.org/_matrix/push/v1/notify?{name}"},
            *(world.clock(), Position(0)),
        )
        await world.commands.writer.run(partial(pushers.put, pusher=own))


async def plant_secrets(scene: Scene, world: World) -> None:
    """Guard passwords and tokens; let one of the administrator's tokens expire, and another be revoked."""
    founder = scene.people[ADMINISTRATOR]
    expired = await world.device(founder.user, "EXPIRED")

    def expire(tx: Any) -> None:
        sessions.delete_of_device(tx, founder.user, expired.asker.device)
        sessions.add_access(tx, digest_of(expired.token), founder.user, expired.asker.device, world.clock() - 1, None)

    await world.commands.writer.run(expire)
    revoked = await world.device(founder.user, "REVOKED")
    (await revoked.post("/logout")).ok()
    scene.tokens.update({asker: person.token for asker, person in scene.people.items()})
    scene.tokens.update({EXPIRED: expired.token, REVOKED: revoked.token})
    for asker, token in scene.tokens.items():
        scene.canaries.guard(f"token: {asker}", token)
    for asker, own in scene.own.items():
        if asker in SIGNED_IN:
            scene.canaries.guard(f"password: {asker}", own["password"])
    await _lend(scene, world)
    text = scene.canaries.plant("registration token", frozenset((SERVER_ADMINISTRATOR,)))
    scene.names["registration_token"] = text
    await accounts.add_registration_token(world.commands, OPERATOR, TokenWish(text))


async def _lend(scene: Scene, world: World) -> None:
    """Give the administrator a token for a service and one for another device; they last as long as the tests."""
    founder = scene.people[ADMINISTRATOR].asker
    kinds: tuple[Kind, ...] = ("openid", "login")
    texts = {kind: scene.canaries.plant(f"{kind} token", NOBODY) for kind in kinds}
    scene.names.update({f"{kind}_token": text for kind, text in texts.items()})

    def add(tx: Any) -> None:
        for kind, text in texts.items():
            short_tokens.add(tx, kind, digest_of(text), founder.user, founder.device, 2**53)

    await world.commands.writer.run(add)


class _Owner:
    """One person's belongings."""

    def __init__(self, scene: Scene, asker: str) -> None:
        self._scene = scene
        self._asker = asker
        self._own = scene.own[asker]
        self._person = scene.people[asker]
        self._mine: Group = frozenset((asker,))

    async def keep(self) -> None:
        """Plant one of each kind."""
        person, me = self._person, f"/user/{self._person.user}"
        room = f"{me}/rooms/{self._scene.names['shared_room']}"
        (await person.put(f"{me}/account_data/org.veche.note", {"text": self._plant("note")})).ok()
        (await person.put(f"{room}/account_data/org.veche.note", {"text": self._plant("note on the room")})).ok()
        (await person.put(f"{room}/tags/u.work", {"order": 0.5, "why": self._plant("tag")})).ok()
        hidden = {"room": {"timeline": {"not_senders": [f"@{self._plant('filter')}:veche.test"]}}}
        self._own["filter"] = (await person.post(f"{me}/filter", hidden)).ok()["filter_id"]
        rule = {"pattern": self._plant("push rule"), "actions": ["notify"]}
        (await person.put("/pushrules/global/content/mine", rule)).ok()
        hobby = self._scene.canaries.plant(f"hobby of the {self._asker}", SIGNED_IN)
        (await person.put(f"/profile/{person.user}/org.veche.hobby", {"org.veche.hobby": hobby})).ok()
        self._plant_status()
        await self._back_up()
        await self._receive()

    def _plant_status(self) -> None:
        """What people say of themselves is for those who share a room with them."""
        known_to = JOINED if self._asker in JOINED else self._mine
        self._scene.canaries.plant(f"status of the {self._asker}", known_to)

    async def _back_up(self) -> None:
        """The administrator's backup is a second one, so that nobody else has one of that number."""
        for attempt in range(2 if self._asker == ADMINISTRATOR else 1):
            text = self._plant(f"backup {attempt}") if attempt else self._plant("backup")
            about = {"algorithm": _ALGORITHM, "auth_data": {"public_key": text}}
            self._own["version"] = (await self._person.post("/room_keys/version", about)).ok()["version"]
        sealed = {"first_message_index": 0, "forwarded_count": 0, "is_verified": True}
        key = {**sealed, "session_data": {"ciphertext": self._plant("key in the backup")}}
        path = f"/room_keys/keys/{self._scene.names['shared_room']}/session"
        (await self._person.call("PUT", path, key, version=self._own["version"])).ok()

    async def _receive(self) -> None:
        """A message waits for each of the two devices; nobody asks from the second one."""
        second: Person = await self._person.world.device(self._person.user, f"{self._person.asker.device}2")
        self._own["second"] = second.asker.device
        name = {"display_name": self._plant("name of the second device", self._mine | {SERVER_ADMINISTRATOR})}
        (await self._person.put(f"/devices/{second.asker.device}", name)).ok()
        messages = {
            self._person.asker.device: {"text": self._plant("message to the device")},
            second.asker.device: {"text": self._plant("message to the second device", NOBODY)},
        }
        sender = self._scene.people[MEMBER]
        body = {"messages": {self._person.user: messages}}
        (await sender.put(f"/sendToDevice/org.veche.note/{second.asker.device}", body)).ok()

    def _plant(self, what: str, known_to: Group | None = None) -> str:
        return self._scene.canaries.plant(f"{what} of the {self._asker}", self._mine if known_to is None else known_to)
