"""What sync says of keys: counts in every answer, whose devices changed, and who no longer matters."""

from typing import Any

from tests.api.test_encryption_cross_signing import KEYS, SIGNATURES, key, key_set
from tests.api.test_encryption_keys import UPLOAD, claim, identity, one_time
from tests.cast import ANNA, BORIS, CARLA, DMITRI, FARID
from tests.stage.asgi import Answer, Exchange
from tests.stage.world import Person, World


async def sync(person: Person, since: str | None = None) -> dict[str, Any]:
    """Sync once."""
    answer: dict[str, Any] = (await person.get("/sync", since=since, timeout=0)).ok()
    return answer


async def token(person: Person) -> str:
    """Return the token of now."""
    next_batch: str = (await sync(person))["next_batch"]
    return next_batch


async def lists(person: Person, since: str) -> dict[str, Any]:
    """Return whose keys changed since a token, and who left; absent as empty."""
    empty: dict[str, Any] = {"changed": [], "left": []}
    found: dict[str, Any] = (await sync(person, since)).get("device_lists", empty)
    return found


async def woken(waiting: Exchange, other: Person) -> Answer:
    """Return the answer to a waiting request, which must come while somebody else asks a hundred times."""
    for _ in range(100):
        if not waiting.is_waiting:
            return await waiting.answer()
        await sync(other)
    await waiting.hang_up()
    raise AssertionError("nobody woke the request that waits")


async def room_of(founder: Person, *others: Person) -> str:
    """Make a room that all of them are joined to."""
    created = await founder.post("/createRoom", {"invite": [other.user for other in others]})
    room: str = created.ok()["room_id"]
    for other in others:
        (await other.post(f"/join/{room}")).ok()
    return room


async def test_every_answer_counts_one_time_keys(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    first = await sync(anna)
    assert first["device_one_time_keys_count"] == {"signed_curve25519": 0}
    assert first["device_unused_fallback_key_types"] == []
    fallback = one_time(anna, "F", fallback=True)
    (await anna.post(UPLOAD, {"one_time_keys": one_time(anna, "A", "B"), "fallback_keys": fallback})).ok()
    since = first["next_batch"]
    expected = [(2, 1), (1, 1), (0, 1), (0, 0), (0, 0)]
    for left, unused in expected:
        answer = await sync(anna, since)
        since = answer["next_batch"]
        assert answer["device_one_time_keys_count"] == {"signed_curve25519": left}
        assert answer["device_unused_fallback_key_types"] == ["signed_curve25519"] * unused
        await claim(boris, anna)
    await world.restart()
    assert (await sync(anna, since))["device_one_time_keys_count"] == {"signed_curve25519": 0}


async def test_a_waiting_device_is_woken_when_its_key_is_claimed(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    (await anna.post(UPLOAD, {"one_time_keys": one_time(anna, "A", "B")})).ok()
    since = await token(anna)
    waiting = anna.begin("GET", "/sync", since=since, timeout=60_000)
    await claim(boris, anna)
    assert (await woken(waiting, boris)).ok()["device_one_time_keys_count"] == {"signed_curve25519": 1}


async def test_a_message_brings_the_count_of_now(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await room_of(anna, boris)
    (await anna.post(UPLOAD, {"one_time_keys": one_time(anna, "A", "B")})).ok()
    since = await token(anna)
    for number, left in enumerate((2, 1, 0)):
        (await boris.put(f"/rooms/{room}/send/m.room.message/{number}", {"body": "x", "msgtype": "m.text"})).ok()
        answer = await sync(anna, since)
        since = answer["next_batch"]
        assert answer["rooms"]["join"][room]["timeline"]["events"]
        assert answer["device_one_time_keys_count"] == {"signed_curve25519": left}
        await claim(boris, anna)


async def test_new_keys_are_told_to_those_who_share_a_room_and_to_oneself(world: World) -> None:
    anna, boris, dmitri = await world.people(ANNA, BORIS, DMITRI)
    await room_of(anna, boris)
    tokens = {person.user: await token(person) for person in (anna, boris, dmitri)}
    (await anna.post(UPLOAD, {"device_keys": identity(anna)})).ok()
    for person in (anna, boris):
        assert await lists(person, tokens[person.user]) == {"changed": [anna.user], "left": []}
    assert "device_lists" not in await sync(dmitri, tokens[dmitri.user])
    assert "device_lists" not in await sync(boris)


async def test_the_same_keys_again_are_no_news(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    await room_of(anna, boris)
    (await anna.post(UPLOAD, {"device_keys": identity(anna)})).ok()
    since = await token(boris)
    (await anna.post(UPLOAD, {"device_keys": identity(anna)})).ok()
    assert await lists(boris, since) == {"changed": [], "left": []}


async def test_cross_signing_and_signatures_are_told(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    await room_of(anna, boris, carla)
    for person in (anna, boris):
        (await person.post(UPLOAD, {"device_keys": identity(person)})).ok()
    since = await token(carla)
    (await anna.post(KEYS, key_set(anna))).ok()
    assert await lists(carla, since) == {"changed": [anna.user], "left": []}
    (await boris.post(KEYS, key_set(boris))).ok()
    since = await token(carla)
    signed = {**identity(anna), "signatures": {anna.user: {"ed25519:Sanna": "s"}}}
    (await anna.post(SIGNATURES, {anna.user: {"ANNA": signed}})).ok()
    assert await lists(carla, since) == {"changed": [anna.user], "left": []}
    since, own, signers = await token(carla), await token(boris), await token(anna)
    trusted = {**key(boris, "master", "Mbori"), "signatures": {anna.user: {"ed25519:Uanna": "s"}}}
    (await anna.post(SIGNATURES, {boris.user: {"Mbori": trusted}})).ok()
    assert await lists(anna, signers) == {"changed": [boris.user], "left": []}
    assert await lists(carla, since) == await lists(boris, own) == {"changed": [], "left": []}


async def test_meeting_and_parting(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    first = await room_of(anna, boris)
    since = {person.user: await token(person) for person in (anna, boris, carla)}
    second = await room_of(anna, boris, carla)
    assert await lists(anna, since[anna.user]) == {"changed": [carla.user], "left": []}
    assert await lists(boris, since[boris.user]) == {"changed": [carla.user], "left": []}
    assert await lists(carla, since[carla.user]) == {"changed": [anna.user, boris.user], "left": []}
    since = {person.user: await token(person) for person in (anna, boris, carla)}
    (await anna.post(f"/rooms/{second}/leave")).ok()
    assert await lists(anna, since[anna.user]) == {"changed": [], "left": [carla.user]}
    assert await lists(carla, since[carla.user]) == {"changed": [], "left": [anna.user]}
    assert await lists(boris, since[boris.user]) == {"changed": [], "left": []}
    (await anna.post(f"/rooms/{first}/ban", {"user_id": boris.user})).ok()
    assert await lists(boris, since[boris.user]) == {"changed": [], "left": [anna.user]}
    assert await lists(anna, since[anna.user]) == {"changed": [], "left": [boris.user, carla.user]}


async def test_a_waiting_sync_is_answered_with_changed_keys(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    await room_of(anna, boris)
    since = await token(boris)
    waiting = boris.begin("GET", "/sync", since=since, timeout=60_000)
    (await anna.post(UPLOAD, {"device_keys": identity(anna)})).ok()
    assert (await woken(waiting, anna)).ok()["device_lists"]["changed"] == [anna.user]


async def test_a_device_that_ends_takes_its_keys_along(world: World) -> None:
    farid, boris = await world.people(FARID, BORIS)
    second = await world.device(farid.user, "SECOND")
    await room_of(farid, boris)
    for person in (farid, second):
        (await person.post(UPLOAD, {"device_keys": identity(person), "one_time_keys": one_time(person, "A")})).ok()
    (await boris.put("/sendToDevice/m.test/1", {"messages": {farid.user: {"SECOND": {"secret": 1}}}})).ok()
    since = await token(boris)
    (await second.post("/logout")).ok()
    assert await lists(boris, since) == {"changed": [farid.user], "left": []}
    seen = (await boris.post("/keys/query", {"device_keys": {farid.user: []}})).ok()["device_keys"]
    assert set(seen[farid.user]) == {"FARID"}
    assert await claim(boris, second) is None
    again = await world.device(farid.user, "SECOND")
    answer = await sync(again)
    assert "to_device" not in answer
    assert answer["device_one_time_keys_count"] == {"signed_curve25519": 0}
