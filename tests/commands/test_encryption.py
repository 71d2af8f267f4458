"""Keys, messages to devices and backups under races, repeats and bad input, on both engines."""

import asyncio
from typing import Any

import pytest

from tests.cast import ANNA, BORIS, CARLA
from tests.stage.world import Person, World
from veche.commands.encryption import (
    back_up_keys,
    claim_keys,
    create_backup,
    delete_delivered,
    delete_keys,
    send_to_device,
    trim_inboxes,
    upload_keys,
)
from veche.commands.encryption import to_device as sending
from veche.commands.encryption.cross_signing import upload_cross_signing_keys, upload_signatures
from veche.domain.encryption.cross_signing import Usage
from veche.domain.facts import Fact
from veche.domain.ids import DeviceId, Position, RoomId, UserId
from veche.domain.refusals import Refused
from veche.live.encryption import EmptyInboxes
from veche.queries.encryption import backed_up_keys, backup, keys_of
from veche.queries.sync.keys import counts
from veche.queries.sync.to_device import inbox
from veche.storage.encryption import to_device
from veche.storage.writer import Transaction

BAD = ("\U0001f511" * 80, "x" * 256, "")
ROOM = RoomId("!hall:veche.test")


def one_time(*names: str) -> dict[str, Any]:
    """One-time keys with these ids."""
    return {f"signed_curve25519:{name}": {"key": name, "signatures": {}} for name in names}


def identity(person: Person) -> dict[str, Any]:
    """Identity keys of a person's device."""
    keys = {f"ed25519:{person.asker.device}": "k"}
    ids = {"user_id": person.user, "device_id": person.asker.device}
    return {**ids, "algorithms": [], "keys": keys, "signatures": {}}


def master(person: Person, name: str) -> dict[Usage, dict[str, Any] | None]:
    """A master key with this public half."""
    return {"master": {"user_id": person.user, "usage": ["master"], "keys": {f"ed25519:{name}": name}}}


def session() -> dict[str, Any]:
    """A session's key in a backup."""
    return {"first_message_index": 0, "forwarded_count": 0, "is_verified": False, "session_data": {}}


def facts_of(world: World, kind: str) -> list[Fact]:
    """What was told of this kind, oldest first."""
    told = world.commands.live.tail.since(Position(0))
    assert told is not None
    return [entry.fact for entry in told if entry.fact.kind == kind]


async def waiting(world: World, person: Person, since: int = 0) -> list[bytes]:
    """Return what waits in a person's inbox."""
    found, _ = await world.queries.reader.run(lambda at: inbox(at, person.asker, Position(since)))
    return found


async def test_an_inbox_that_nobody_reads_is_bounded(world: World, caplog: pytest.LogCaptureFixture) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    tablet = await world.device(anna.user, "TABLET")

    def fill(tx: Transaction) -> None:
        for number in range(1_207):
            for device in ("TABLET", "ANNA") if number >= 1_200 else ("TABLET",):
                to_device.add(tx, anna.user, DeviceId(device), b"%d" % number)

    await world.commands.writer.run(fill)
    for longest, left in ((2_000, 1_207), (1_207, 1_207), (7, 7)):
        await trim_inboxes(world.commands, longest)
        assert await waiting_in_all(world) == {"TABLET": left, "ANNA": 7}
    assert caplog.messages == [
        f"the device TABLET of {anna.user} fetches no messages: the oldest 1200 that waited for it were dropped"
    ]
    assert await waiting(world, tablet) == [b"%d" % number for number in range(1_200, 1_207)]
    await send_to_device(world.commands, boris.asker, "m.x", "t", {anna.user: {DeviceId("TABLET"): {"n": 1}}})
    assert len(await waiting(world, tablet)) == 8


async def test_every_inbox_is_looked_at(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = await world.person(ANNA)
    for number in range(5):
        await world.device(anna.user, f"D{number}")
    monkeypatch.setattr(sending, "_DEVICES_AT_ONCE", 2)
    names = ["ANNA", *(f"D{number}" for number in range(5))]

    def fill(tx: Transaction) -> None:
        for name in names * 3:
            to_device.add(tx, anna.user, DeviceId(name), b"{}")

    await world.commands.writer.run(fill)
    await trim_inboxes(world.commands, 2)
    assert await waiting_in_all(world) == dict.fromkeys(names, 2)


async def waiting_in_all(world: World) -> dict[str, int]:
    """Return how many messages wait for each device."""
    sql = "SELECT device_id, COUNT(*) FROM to_device GROUP BY device_id"
    return dict(await world.queries.reader.run(lambda at: at.all(sql)))


async def test_of_many_claims_at_once_each_gets_another_key(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    await upload_keys(world.commands, anna.asker, None, one_time(*map(str, range(30))), {})
    wanted = {anna.user: {anna.asker.device: "signed_curve25519"}}
    answers = await asyncio.gather(*(claim_keys(world.commands, boris.asker, wanted) for _ in range(40)))
    names = [name for given in answers for keys in given.values() for key in keys.values() for name in key]
    assert sorted(names) == sorted(one_time(*map(str, range(30))))
    await world.restart()
    assert await claim_keys(world.commands, boris.asker, wanted) == {}


async def test_a_claim_tells_the_owner_and_drops_what_memory_knew(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    await upload_keys(world.commands, anna.asker, None, one_time("A"), one_time("F"))
    known = world.commands.live.key_counts
    generation = known.generation
    read = await world.queries.reader.run(lambda at: counts(at, anna.asker))
    assert read == (b'{"signed_curve25519":1}', b'["signed_curve25519"]')
    known.put(anna.user, anna.asker.device, read, generation)
    wanted = {anna.user: {anna.asker.device: "signed_curve25519"}}
    for number, told in enumerate((2, 3, 3)):
        await claim_keys(world.commands, boris.asker, wanted)
        facts = facts_of(world, "one_time_keys")
        assert len(facts) == told, f"after claim {number}"
        assert all((fact.user, fact.device) == (anna.user, anna.asker.device) for fact in facts)
    assert known.find(anna.user, anna.asker.device) is None
    known.put(anna.user, anna.asker.device, read, generation)
    assert known.find(anna.user, anna.asker.device) is None, "a reading from before the claim was kept"


async def test_many_claims_in_one_request(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    devices = [await world.device(anna.user, f"D{number}") for number in range(230)]
    for device in (devices[0], devices[229]):
        await upload_keys(world.commands, device.asker, None, one_time("A"), {})
    wanted = {anna.user: {device.asker.device: "signed_curve25519" for device in devices}}
    given = await claim_keys(world.commands, boris.asker, wanted)
    assert set(given[anna.user]) == {"D0", "D229"}


async def test_a_request_that_is_repeated_at_once_is_carried_out_once(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    messages = {boris.user: {boris.asker.device: {"n": 1}}}
    await asyncio.gather(*(send_to_device(world.commands, anna.asker, "m.test", "1", messages) for _ in range(10)))
    assert len(await waiting(world, boris)) == 1
    [fact] = facts_of(world, "to_device")
    assert (fact.user, fact.device) == (boris.user, boris.asker.device)
    assert [fact.body] == await waiting(world, boris)


async def test_requests_are_forgotten_after_a_month(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    messages = {boris.user: {boris.asker.device: {"n": 1}}}
    await send_to_device(world.commands, anna.asker, "m.test", "1", messages)
    world.clock.advance(seconds=31 * 24 * 3600)
    await send_to_device(world.commands, anna.asker, "m.test", "2", messages)
    rows = await world.queries.reader.run(lambda at: at.all("SELECT txn_id FROM to_device_transactions"))
    assert rows == [("2",)]


async def test_only_what_was_handed_out_is_deleted(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    for number in range(3):
        await send_to_device(world.commands, anna.asker, "m.test", str(number), {boris.user: {DeviceId("*"): {}}})
    rows = await world.queries.reader.run(
        lambda at: to_device.waiting(at, boris.user, boris.asker.device, Position(0), 9)
    )
    positions = [position for position, _ in rows]
    await delete_delivered(world.commands, boris.asker, Position(positions[0] - 1))
    assert len(await waiting(world, boris)) == 3
    await delete_delivered(world.commands, anna.asker, positions[2])
    assert len(await waiting(world, boris)) == 3
    await delete_delivered(world.commands, boris.asker, positions[1])
    assert len(await waiting(world, boris)) == 1
    await delete_delivered(world.commands, boris.asker, Position(positions[2] + 1_000))
    assert len(await waiting(world, boris)) == 1, "a token from after a restored backup deleted something"
    await delete_delivered(world.commands, boris.asker, positions[2])
    assert await waiting(world, boris) == []


async def test_an_empty_inbox_is_remembered_until_something_comes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    known, here = world.commands.live.inboxes, boris.asker.device
    await send_to_device(world.commands, anna.asker, "m.test", "1", {boris.user: {here: {}}})
    position = await world.queries.reader.run(lambda at: at.position)
    await delete_delivered(world.commands, boris.asker, position)
    assert not known.find(boris.user, here)
    await delete_delivered(world.commands, boris.asker, position)
    assert known.find(boris.user, here)
    with monkeypatch.context() as patched:
        patched.setattr(type(world.commands.reader), "run", None)
        await delete_delivered(world.commands, boris.asker, position)
    await send_to_device(world.commands, anna.asker, "m.test", "2", {boris.user: {here: {}}})
    assert not known.find(boris.user, here)


async def test_a_deletion_that_fails_is_nobodys_trouble(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    await send_to_device(world.commands, anna.asker, "m.test", "1", {boris.user: {boris.asker.device: {}}})
    position = await world.queries.reader.run(lambda at: at.position)

    def broken(*_: object) -> None:
        from veche.storage.engines import StorageFull

        raise StorageFull("no room")

    with monkeypatch.context() as patched:
        patched.setattr(to_device, "delete_delivered", broken)
        await delete_delivered(world.commands, boris.asker, position)
    assert len(await waiting(world, boris)) == 1


async def test_of_two_first_sets_of_keys_one_is_taken(world: World) -> None:
    anna = await world.person(ANNA)
    uploads = (upload_cross_signing_keys(world.commands, anna.asker, master(anna, name), None) for name in "ABAB")
    outcomes = await asyncio.gather(*uploads, return_exceptions=True)
    refused = [outcome.refusal.status for outcome in outcomes if isinstance(outcome, Refused)]
    assert len(refused) == 2
    assert set(refused) <= {401, 403}


@pytest.mark.parametrize("bad", BAD)
async def test_bad_names_are_refused_or_passed_over_everywhere(world: World, bad: str) -> None:
    anna = await world.person(ANNA)
    ctx, asker = world.commands, anna.asker
    version = await create_backup(ctx, asker, "a", {})
    refused = (
        upload_keys(ctx, asker, None, {f"a:{bad}": "k"}, {}),
        upload_keys(ctx, asker, None, {}, {f"{bad}:a": "k"}),
        send_to_device(ctx, asker, bad, "1", {}),
        send_to_device(ctx, asker, "m.test", bad, {}),
        create_backup(ctx, asker, bad, {}),
        back_up_keys(ctx, asker, version, {RoomId(bad): {"s": session()}}),
        back_up_keys(ctx, asker, version, {ROOM: {bad: session()}}),
        back_up_keys(ctx, asker, bad, {}),
        delete_keys(ctx, asker, bad),
        upload_cross_signing_keys(ctx, asker, master(anna, bad), None),
    )
    for number, request in enumerate(refused):
        with pytest.raises(Refused) as fault:
            await request
        assert fault.value.refusal.status in (400, 404), number
    user, device = UserId(bad), DeviceId(bad)
    assert await claim_keys(ctx, asker, {user: {device: "a"}, anna.user: {device: bad}}) == {}
    assert await keys_of(world.queries, asker, {user: [device], anna.user: [device]})
    await send_to_device(ctx, asker, "m.test", "1", {user: {device: {}}, anna.user: {device: {"text": bad}}})
    failures = await upload_signatures(ctx, asker, {user: {bad: {}}, anna.user: {bad: {}}})
    assert {code.code for keys in failures.values() for code in keys.values()} == {"M_NOT_FOUND"}


def test_memory_of_devices_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("veche.live.encryption.MOST", 2)
    known, devices = EmptyInboxes(), [DeviceId(name) for name in "ABC"]
    for device in devices:
        known.put(UserId("@anna:x"), device, True, known.generation)
    assert [known.find(UserId("@anna:x"), device) for device in devices] == [None, True, True]


async def test_nul_characters_inside_values_are_kept(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    content = {"text": "a\x00b", "deep": {"\x00": ["\x00"]}}
    await send_to_device(world.commands, anna.asker, "m.test", "1", {boris.user: {boris.asker.device: content}})
    [text] = await waiting(world, boris)
    assert b"a\\u0000b" in text


async def test_a_request_of_a_device_that_ended_stores_nothing(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    ctx, asker = world.commands, anna.asker

    def end(tx: Transaction) -> None:
        tx.run("DELETE FROM devices WHERE user_id = ?", anna.user)

    await ctx.writer.run(end)
    refused = (
        upload_keys(ctx, asker, identity(anna), {}, {}),
        send_to_device(ctx, asker, "m.test", "1", {boris.user: {boris.asker.device: {}}}),
        upload_cross_signing_keys(ctx, asker, master(anna, "M"), None),
        upload_signatures(ctx, asker, {}),
    )
    for request in refused:
        with pytest.raises(Refused) as fault:
            await request
        assert fault.value.refusal.code == "M_UNKNOWN_TOKEN"
    assert await waiting(world, boris) == []


async def test_uploads_of_keys_are_announced_only_when_something_changed(world: World) -> None:
    anna, carla = await world.people(ANNA, CARLA)
    for keys in (identity(anna), identity(anna), {**identity(anna), "algorithms": ["m.new"]}):
        await upload_keys(world.commands, anna.asker, keys, {}, {})
    assert len(facts_of(world, "device_list")) == 2
    for _ in range(2):
        await upload_cross_signing_keys(world.commands, carla.asker, master(carla, "M"), None)
    assert len(facts_of(world, "device_list")) == 3
    for _ in range(2):
        await upload_keys(world.commands, anna.asker, None, one_time("A"), one_time("F"))
    assert len(facts_of(world, "one_time_keys")) == 1


async def test_backups_run_at_once_count_rightly(world: World) -> None:
    anna = await world.person(ANNA)
    ctx, asker = world.commands, anna.asker
    version = await create_backup(ctx, asker, "a", {})
    await asyncio.gather(
        *(back_up_keys(ctx, asker, version, {ROOM: {f"{n}": session(), f"{n + 1}": session()}}) for n in range(20))
    )
    found = await backup(world.queries, asker)
    stored = bytes(await backed_up_keys(world.queries, asker, version))
    assert (found.key_count, stored.count(b"is_verified")) == (21, 21)
