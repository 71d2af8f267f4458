"""What the parameters and fields of requests may name: in any scene, and in this one."""

from hypothesis import strategies as st

from tests.authorisation.askers import CAST
from tests.authorisation.scene import Scene
from tests.cast import SERVER

VICTIM = "victim"
"""Loses sessions, devices and the account; everybody else keeps theirs."""
RESTRICTING = ("/admin/lock/", "/admin/suspend/")
"""Operations that are about the victim and nobody else."""
ODD = ("\x00", "..", "%2F", "😀", "x" * 300, "!", "@", "$", "#", "-1", "{}", "a/b", "\u202e")
TYPES = ("m.room.message", "m.room.name", "m.room.member", "m.room.power_levels", "m.reaction", "m.room.join_rules")
FIXED: dict[str, tuple[str, ...]] = {
    "eventType": (*TYPES, "m.room.encrypted", "m.room.canonical_alias", "m.space.child", "org.veche.note"),
    "type": ("m.direct", "m.ignored_user_list", "m.push_rules", "m.fully_read", "m.login.password", "m.id.user"),
    "receiptType": ("m.read", "m.read.private", "m.fully_read"),
    "kind": ("override", "underride", "sender", "room", "content"),
    "ruleId": (".m.rule.master", ".m.rule.message", ".m.rule.is_user_mention", "own"),
    "keyName": ("displayname", "avatar_url", "m.tz", "org.veche.note"),
    "relType": ("m.thread", "m.annotation", "m.replace", "m.reference"),
    "tag": ("m.favourite", "u.work", "m.lowpriority"),
    "serverName": (SERVER,),
    "sessionId": ("session", "a/b"),
    "dir": ("f", "b"),
    "room_version": ("10", "11", "12"),
    "order_by": ("rank", "recent"),
    "search_term": ("an", "hello", "canary", "before", ""),
    "presence": ("online", "offline", "unavailable"),
    "algorithm": ("m.megolm_backup.v1.curve25519-aes-sha2", "m.megolm.v1.aes-sha2"),
    "new_password": ("correct horse battery staple",),
    "username": ("newcomer",),
    "medium": ("email", "msisdn"),
    "email": ("anna@example.org",),
    "address": ("anna@example.org",),
}
_SAME = {
    "userId": ("user_id", "userid", "user", "mxid", "sender", "senders", "users", "invite", "user_ids"),
    "roomId": ("room_id", "rooms", "not_rooms"),
    "eventId": ("event_id", "m.fully_read", "m.read", "m.read.private", "thread_id"),
    "token": ("from", "to", "since", "at", "before", "after", "next_batch"),
    "deviceId": ("device_id", "devices"),
    "stateKey": ("state_key",),
    "roomAlias": ("alias", "room_alias_name"),
    "eventType": ("types", "not_types"),
    "relType": ("rel_type", "rel_types"),
    "room_version": ("new_version",),
}
SPELT = {other: name for name, others in _SAME.items() for other in (name, *others)}
"""Names that mean the same, by how they are spelt."""


class Known:
    """What one asker may name in a scene, in one room of it."""

    def __init__(self, scene: Scene, asker: str, room: str) -> None:
        self._scene = scene
        self._room = room
        own = scene.own[asker] if asker in CAST else {"me": f"@{VICTIM}:{SERVER}"}
        self._me = own["me"]
        self._own = {
            "password": own.get("password", f"{VICTIM}'s own password"),
            "version": own.get("version", "1"),
            "filterId": own.get("filter", "1"),
            "deviceId": own.get("device", "VICTIM"),
            "roomAlias": own.get("alias", "#nowhere:veche.test"),
            "txnId": "t1",
        }

    def of(self, name: str) -> st.SearchStrategy[str] | None:
        """Return what a parameter or field of that name may name; None where it may be anything."""
        spelt = SPELT.get(name, name)
        if spelt in FIXED:
            return st.sampled_from(FIXED[spelt])
        if spelt in self._own:
            return st.just(self._own[spelt])
        if spelt in ("userId", "stateKey"):
            people = [str(person.user) for person in self._scene.people.values()]
            return st.sampled_from([self._me, self._me, *people, *([""] if spelt == "stateKey" else [])])
        if spelt in ("roomId", "roomIdOrAlias"):
            return st.just(self._room)
        if spelt == "eventId":
            return st.sampled_from(self._scene.events[self._room])
        if spelt == "token":
            return st.sampled_from([f"s{position}.{position}.0.0" for position in self._scene.positions])
        if spelt == "mediaId":
            files = [value for key, value in self._scene.names.items() if "file" in key or "picture" in key]
            return st.sampled_from(files)
        return None
