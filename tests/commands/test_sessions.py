"""Sessions: tokens, guesses, checks and their ends, on both engines."""

import asyncio
from typing import Any

import msgspec
import pytest

from tests.stage.world import Person, World
from veche.commands import accounts, sessions
from veche.commands.context import Context
from veche.commands.moderation import restrict
from veche.commands.sessions import NewSession, SessionWish, refreshing, signing_out
from veche.domain.ids import DeviceId, UserId
from veche.domain.refusals import Refused
from veche.domain.sessions import OPERATOR, Asker, Origin, digest_of
from veche.live.sessions import KnownSessions, Use
from veche.queries.sessions import identify, own_sign_ins
from veche.storage import devices

REFRESHED = SessionWish(is_refreshed=True)


def there() -> Origin:
    """Where everybody signs in from."""
    return Origin("10.0.0.1", 50_000, "Test/1.0")


def from_(wish: SessionWish | None = None) -> SessionWish:
    """The wish, made from there."""
    return msgspec.structs.replace(wish or SessionWish(), origin=there())


async def signed_in(world: World, name: str, wish: SessionWish = REFRESHED) -> NewSession:
    return (await sessions.sign_in(world.commands, name, f"{name}'s own password", from_(wish)))[1]


async def refused(work: Any) -> dict[str, Any]:
    """Return what the work was refused with."""
    with pytest.raises(Refused) as found:
        await work
    refusal = found.value.refusal
    return {"code": refusal.code, "status": refusal.status, **(refusal.extra or {})}


async def count(world: World, table: str) -> int:
    row = await world.queries.reader.run(lambda at: at.one(f"SELECT COUNT(*) FROM {table}"))
    assert row is not None
    return int(row[0])


class Dawdling:
    """Checks so slowly that somebody changes the password meanwhile."""

    def __init__(self, world: World, user: UserId) -> None:
        self._world = world
        self._user = user
        self.changes = 0

    async def hash(self, password: str) -> str:
        return f"cheap:{password}"

    async def verify(self, hash: str | None, password: str) -> bool:
        self.changes += 1
        await accounts.reset_password(self._world.commands, OPERATOR, self._user, f"another password {self.changes}")
        return hash == f"cheap:{password}"

    def context(self) -> Context:
        outside = msgspec.structs.replace(self._world.commands.outside, hashing=self)
        return msgspec.structs.replace(self._world.commands, outside=outside)


async def test_a_session_lives_from_signing_in_to_signing_out(world: World) -> None:
    anna = await world.person("anna")
    session = await signed_in(world, "anna", SessionWish(DeviceId("PHONE"), "Anna's phone"))
    asker = await identify(world.queries, session.access_token, there)
    assert asker == Asker(anna.user, DeviceId("PHONE"), "user", digest_of(session.access_token))
    await sessions.sign_out(world.commands, asker)
    gone = await refused(identify(world.queries, session.access_token, there))
    assert gone == {"code": "M_UNKNOWN_TOKEN", "status": 401, "soft_logout": False}
    assert [row.device_id for row in await world.queries.reader.run(lambda at: devices.all_of(at, anna.user))] == [
        "ANNA"
    ]


async def test_signing_out_everywhere_leaves_no_token(world: World) -> None:
    anna = await world.person("anna")
    await signed_in(world, "anna")
    await sessions.sign_out_everywhere(world.commands, anna.asker)
    assert [await count(world, table) for table in ("access_tokens", "refresh_tokens", "devices")] == [0, 0, 0]


async def test_refreshing_goes_on_for_ever(world: World) -> None:
    await world.person("anna")
    session = await signed_in(world, "anna")
    for _ in range(5):
        assert session.refresh_token is not None
        session = await sessions.refresh(world.commands, session.refresh_token)
        await identify(world.queries, session.access_token, there)
    await sessions.note_uses(world.commands)
    assert await count(world, "refresh_tokens") == 1


async def test_whoever_is_locked_refreshes_nothing(world: World) -> None:
    anna = await world.person("anna")
    token = (await signed_in(world, "anna")).refresh_token or ""
    await restrict(world.commands, OPERATOR, anna.user, "lock", until_ts=world.clock() + 60_000)
    assert (await refused(sessions.refresh(world.commands, token)))["code"] == "M_USER_LOCKED"
    world.clock.advance(seconds=61)
    assert (await sessions.refresh(world.commands, token)).access_token


async def test_a_password_is_proven_without_a_session(world: World) -> None:
    anna = await world.person("anna")
    before = await count(world, "devices")
    proven = await sessions.prove_password(world.commands, "anna", "anna's own password", there())
    assert (proven.user, proven.device, proven.role) == (anna.user, "", "user")
    for name, password in (("anna", "wrong"), ("nobody", "anna's own password"), ("\x00", "wrong")):
        wrong = sessions.prove_password(world.commands, name, password, there())
        assert (await refused(wrong))["code"] == "M_FORBIDDEN"
    await restrict(world.commands, OPERATOR, anna.user, "lock")
    locked = sessions.prove_password(world.commands, "anna", "anna's own password", there())
    assert (await refused(locked))["code"] == "M_USER_LOCKED"
    assert await count(world, "devices") == before
    found = await own_sign_ins(world.queries, anna.asker, 1_000, 10)
    assert [one.outcome for one in found] == ["locked", "wrong password", "success"]


async def test_a_device_that_is_gone_already_is_passed_over(world: World) -> None:
    anna = await world.person("anna")
    gone = [DeviceId("GONE"), anna.asker.device]
    await world.commands.writer.run(lambda tx: signing_out.end_devices(tx, world.commands, anna.user, gone))
    assert await count(world, "devices") == 0


async def test_devices_with_keys_are_told_when_they_end(world: World) -> None:
    anna, boris = await world.people("anna", "boris")
    room = (await anna.post("/createRoom", {"invite": [boris.user]})).ok()["room_id"]
    (await boris.post(f"/rooms/{room}/join")).ok()
    tablet = await world.device(anna.user, "TABLET")
    keys = {"user_id": anna.user, "device_id": "TABLET", "algorithms": [], "keys": {}, "signatures": {}}
    (await tablet.post("/keys/upload", {"device_keys": keys})).ok()
    since = (await boris.get("/sync")).ok()["next_batch"]
    await sessions.sign_out(world.commands, tablet.asker)
    assert (await boris.get("/sync", since=since, timeout=0)).ok()["device_lists"]["changed"] == [anna.user]


async def test_an_answer_that_was_lost_signs_nobody_out(world: World) -> None:
    await world.person("anna")
    session = await signed_in(world, "anna")
    assert session.refresh_token is not None
    for _ in range(3):
        fresh = await sessions.refresh(world.commands, session.refresh_token)
    assert await count(world, "refresh_tokens") == 2
    await identify(world.queries, fresh.access_token, there)
    await sessions.note_uses(world.commands)
    assert await count(world, "refresh_tokens") == 1
    unknown = await refused(sessions.refresh(world.commands, session.refresh_token))
    assert unknown == {"code": "M_UNKNOWN_TOKEN", "status": 401, "soft_logout": False}


async def test_two_that_refresh_at_once_leave_one_pair(world: World) -> None:
    await world.person("anna")
    session = await signed_in(world, "anna")
    token = session.refresh_token or ""
    pairs = await asyncio.gather(*(sessions.refresh(world.commands, token) for _ in range(2)))
    valid = [
        pair
        for pair in pairs
        if not isinstance(await attempt(identify(world.queries, pair.access_token, there)), Refused)
    ]
    assert valid == [pairs[1]]


async def attempt(work: Any) -> Any:
    try:
        return await work
    except Refused as fault:
        return fault


async def test_uses_are_written_in_slices(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refreshing, "SLICE", 2)
    people = await world.people("anna", "boris", "carla", "dmitri", "elena")
    for person in people:
        (await person.get("/account/whoami")).ok()
    await sessions.note_uses(world.commands)
    for person in people:
        seen = await world.queries.reader.run(lambda at, who=person: devices.all_of(at, who.user))  # type: ignore[misc]
        assert [row.last_seen_ip for row in seen] == ["127.0.0.1"]


async def test_a_use_without_an_address_keeps_the_last_one(world: World) -> None:
    anna = (await world.person("anna")).asker
    for origin in (there(), None):
        world.commands.live.sessions.put(
            Use(anna, world.clock(), origin), None, world.commands.live.sessions.generation
        )
        await sessions.note_uses(world.commands)
    (seen,) = await world.queries.reader.run(lambda at: devices.all_of(at, anna.user))
    assert seen.last_seen_ip == "10.0.0.1"


async def test_old_guesses_and_checks_are_forgotten(world: World) -> None:
    anna = await world.person("anna")
    for _ in range(3):
        await refused(sessions.sign_in(world.commands, "anna", "wrong", from_()))
        await refused(sessions.reauthenticate(world.commands, anna.asker, "x", None))
    assert [await count(world, table) for table in ("sign_in_failures", "reauthentications")] == [3, 3]
    world.clock.advance(seconds=901)
    await refused(sessions.sign_in(world.commands, "anna", "wrong", from_()))
    await refused(sessions.reauthenticate(world.commands, anna.asker, "x", None))
    assert [await count(world, table) for table in ("sign_in_failures", "reauthentications")] == [1, 1]


async def test_a_check_that_was_passed_is_gone(world: World) -> None:
    anna = await world.person("anna")
    asked = await refused(sessions.reauthenticate(world.commands, anna.asker, "x", None))
    await sessions.reauthenticate(world.commands, anna.asker, "x", proof(anna, session=asked["session"]))
    assert [await count(world, table) for table in ("sign_in_failures", "reauthentications")] == [0, 0]
    again = await refused(
        sessions.reauthenticate(world.commands, anna.asker, "x", proof(anna, session=asked["session"]))
    )
    assert again["session"] != asked["session"]


async def test_a_failed_check_goes_on_under_the_same_session(world: World) -> None:
    anna = await world.person("anna")
    asked = await refused(sessions.reauthenticate(world.commands, anna.asker, "x", {}))
    assert asked["code"] == ""
    wrong = proof(anna, session=asked["session"], password="wrong")
    failed = await refused(sessions.reauthenticate(world.commands, anna.asker, "x", wrong))
    assert (failed["code"], failed["status"], failed["session"]) == ("M_FORBIDDEN", 401, asked["session"])
    bare = await refused(sessions.reauthenticate(world.commands, anna.asker, "x", {"session": asked["session"]}))
    assert (bare["code"], bare["session"]) == ("", asked["session"])
    await sessions.reauthenticate(world.commands, anna.asker, "x", proof(anna, session=asked["session"]))


async def test_a_password_that_changes_while_it_is_checked_does_not_sign_in(world: World) -> None:
    anna = await world.person("anna")
    slow = Dawdling(world, anna.user).context()
    signing_in = sessions.sign_in(slow, "anna", "anna's own password", SessionWish())
    assert (await refused(signing_in))["code"] == "M_FORBIDDEN"
    assert await count(world, "access_tokens") == 0


async def test_a_password_that_changes_while_it_is_checked_proves_nothing(world: World) -> None:
    anna = await world.person("anna")
    slow = Dawdling(world, anna.user).context()
    assert (await refused(sessions.reauthenticate(slow, anna.asker, "x", proof(anna))))["status"] == 401


def proof(person: Person, **more: Any) -> dict[str, Any]:
    name = person.user[1:].partition(":")[0]
    return {"type": "m.login.password", "password": f"{name}'s own password", **more}


def test_what_was_read_before_a_session_ended_is_not_remembered() -> None:
    known, asker = KnownSessions(), Asker(UserId("@a:x"), DeviceId("A"), digest=b"1")
    before = known.generation
    known.drop(b"other")
    known.put(Use(asker, 0, None), None, before)
    assert known.find(b"1", 0, there) is None
    known.put(Use(asker, 0, None), 100, known.generation)
    assert (known.find(b"1", 99, there), known.find(b"1", 100, there)) == (asker, None)
    assert (known.knows(b"1", 99), known.knows(b"1", 100), known.knows(b"2", 0)) == (True, False, False)


def test_the_oldest_known_session_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("veche.live.sessions.MOST", 2)
    known = KnownSessions()
    for number in range(3):
        asker = Asker(UserId("@a:x"), DeviceId("A"), digest=b"%d" % number)
        known.put(Use(asker, 0, None), None, known.generation)
    assert [known.knows(b"%d" % number, 0) for number in range(3)] == [False, True, True]
