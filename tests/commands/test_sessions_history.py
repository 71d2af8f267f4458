"""The history of signing in, and what is known of each session, on both engines."""

from typing import Any

import pytest

from tests.cast import ANNA, BORIS
from tests.stage.world import World
from veche.commands import accounts, sessions
from veche.commands.accounts import Application
from veche.commands.sessions import SessionWish, remembering
from veche.domain.devices import DeviceUse
from veche.domain.ids import DeviceId, UserId
from veche.domain.refusals import Refused
from veche.domain.sessions import OPERATOR, Asker, Origin, SignIn
from veche.queries import devices
from veche.queries import sessions as queries

pytestmark = pytest.mark.settings(presence="off")  # a poll that waits hears only what is said
OWN = "anna's own password"
PHONE = Origin("10.0.0.1", 50_001, "Phone/1.0")
NEWEST = 2**53 - 1
DAY = 86_400


async def outcome(work: Any) -> str:
    """Return ``done``, or the code that the work was refused with."""
    try:
        await work
    except Refused as refused:
        return refused.refusal.code
    return "done"


async def sign_in(world: World, name: str, password: str, origin: Origin = PHONE, device: str = "PHONE") -> str:
    """Somebody signs in, or tries to."""
    wish = SessionWish(DeviceId(device), origin=origin)
    return await outcome(sessions.sign_in(world.commands, name, password, wish))


async def history(world: World, user: UserId) -> list[SignIn]:
    """All that is kept of somebody, the oldest first."""
    return (await queries.sign_ins_of(world.queries, OPERATOR, user, NEWEST, 500))[::-1]


async def uses(world: World, asker: Asker) -> dict[str, DeviceUse]:
    """One's own sessions by device."""
    return {use.device_id: use for use in await devices.own_uses(world.queries, asker)}


async def test_every_try_is_kept_with_its_circumstances(world: World) -> None:
    anna, ctx = await world.person(ANNA), world.commands
    assert await sign_in(world, ANNA, "wrong", Origin("10.0.0.9", 7, "Curl/8")) == "M_FORBIDDEN"
    assert await sign_in(world, ANNA, OWN) == "done"
    made = await accounts.make_reset_code(ctx, OPERATOR, anna.user)
    await accounts.reset_by_code(ctx, ANNA, made.code, "a fairly long password", PHONE)
    found = await history(world, anna.user)
    assert [(one.number, one.method, one.outcome) for one in found] == [
        (1, "password", "wrong password"),
        (2, "password", "success"),
        (3, "reset code", "success"),
    ]
    assert (found[0].address, found[0].port, found[0].client) == ("10.0.0.9", 7, "Curl/8")
    assert (found[1].address, found[1].port, found[1].client) == ("10.0.0.1", 50_001, "Phone/1.0")
    assert abs(found[1].ts - world.clock()) < 60_000


async def test_a_registration_is_kept_and_a_refresh_is_not(world: World) -> None:
    wish = SessionWish(is_refreshed=True, origin=PHONE)
    application = Application("greta", "a fairly long password", wish)
    user, session = await accounts.register(world.commands, application, {"type": "m.login.dummy"})
    assert session is not None
    await sessions.refresh(world.commands, session.refresh_token or "")
    assert [(one.method, one.outcome) for one in await history(world, user)] == [("registration", "success")]


async def test_of_names_that_nobody_bears_only_addresses_are_counted(world: World) -> None:
    await world.person(ANNA)
    for name in ("nobody", "passw0rd-typed-as-name", "nobody", "@"):
        assert await sign_in(world, name, "x", Origin("10.0.0.9")) == "M_FORBIDDEN"
    assert await sign_in(world, "nobody", "x", Origin("10.0.0.8")) == "M_FORBIDDEN"
    found = await queries.strangers(world.queries, OPERATOR, 10)
    assert [(one.address, one.failures) for one in found] == [("10.0.0.9", 4), ("10.0.0.8", 1)]
    tables = await world.queries.reader.run(lambda at: [at.all("SELECT * FROM sign_ins")])
    assert tables == [[]]


async def test_the_history_is_read_in_pages_by_its_owner_and_administrators(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    for number in range(5):
        await sign_in(world, ANNA, OWN, Origin(f"10.0.0.{number}"))
    page = await queries.own_sign_ins(world.queries, anna.asker, NEWEST, 2)
    assert [one.number for one in page] == [5, 4]
    page = await queries.own_sign_ins(world.queries, anna.asker, 4, 2)
    assert [one.number for one in page] == [3, 2]
    assert await queries.own_sign_ins(world.queries, boris.asker, NEWEST, 2) == []
    for work in (
        queries.sign_ins_of(world.queries, boris.asker, anna.user, NEWEST, 2),
        queries.strangers(world.queries, boris.asker, 2),
    ):
        assert await outcome(work) == "M_FORBIDDEN"
    assert await outcome(queries.sign_ins_of(world.queries, OPERATOR, UserId("@x:y"), NEWEST, 2)) == "M_NOT_FOUND"


@pytest.mark.settings(sign_in_history_days=30)
async def test_what_is_old_is_forgotten_in_slices(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, "PRUNED_AT_ONCE", 2)
    anna, boris = await world.people(ANNA, BORIS)
    for number in range(5):
        await sign_in(world, ANNA, OWN)
        await sign_in(world, f"nobody{number}", "x", Origin(f"10.1.0.{number}"))
    world.clock.advance(seconds=20 * DAY)
    await sign_in(world, BORIS, "boris's own password")
    await sign_in(world, "nobody", "x", Origin("10.1.0.9"))
    await sessions.forget_old_sign_ins(world.commands)
    assert len(await history(world, anna.user)) == 5
    world.clock.advance(seconds=11 * DAY)
    await sessions.forget_old_sign_ins(world.commands)
    assert await history(world, anna.user) == []
    assert len(await history(world, boris.user)) == 1
    assert [one.address for one in await queries.strangers(world.queries, OPERATOR, 10)] == ["10.1.0.9"]


async def test_an_erased_account_leaves_no_history(world: World) -> None:
    anna = await world.person(ANNA)
    await sign_in(world, ANNA, OWN)
    await accounts.deactivate_account(world.commands, OPERATOR, anna.user, erases=True)
    assert await history(world, anna.user) == []


async def test_a_session_shows_where_it_was_used_last_and_with_what(world: World) -> None:
    anna = await world.person(ANNA)
    await sign_in(world, ANNA, OWN)
    fresh = (await uses(world, anna.asker))["PHONE"]
    assert (fresh.last_seen_ip, fresh.last_seen_port, fresh.client) == ("10.0.0.1", 50_001, "Phone/1.0")
    headers = {"user-agent": "Tablet/2.0"}
    whoami = "/_matrix/client/v3/account/whoami"
    (await world.call("GET", whoami, token=anna.token, headers=headers, address="10.0.0.2")).ok()
    await sessions.note_uses(world.commands)
    used = (await uses(world, anna.asker))["ANNA"]
    assert (used.last_seen_ip, used.last_seen_port, used.client) == ("10.0.0.2", 50_000, "Tablet/2.0")
    assert used.last_seen_ts is not None


async def test_who_is_connected_now_is_marked(world: World) -> None:
    anna = await world.person(ANNA)
    phone = await world.device(anna.user, "PHONE")
    since = (await phone.get("/sync")).ok()["next_batch"]
    assert [use.is_connected for use in await devices.own_uses(world.queries, anna.asker)] == [False, False]
    poll = phone.begin("GET", "/sync", since=since, timeout=60_000)
    (await anna.get("/account/whoami")).ok()
    (await anna.get("/account/whoami")).ok()
    assert {name: use.is_connected for name, use in (await uses(world, anna.asker)).items()} == {
        "ANNA": False,
        "PHONE": True,
    }
    await poll.hang_up()
    assert not (await uses(world, anna.asker))["PHONE"].is_connected


async def test_an_administrator_signs_somebody_out(world: World) -> None:
    anna = await world.person(ANNA)
    phone = await world.device(anna.user, "PHONE")
    since = (await phone.get("/sync")).ok()["next_batch"]
    poll = phone.begin("GET", "/sync", since=since, timeout=60_000)
    (await anna.get("/account/whoami")).ok()
    assert poll.is_waiting
    await sessions.sign_somebody_out(world.commands, OPERATOR, anna.user, DeviceId("PHONE"), "stolen")
    (await poll.answer()).refused(401, "M_UNKNOWN_TOKEN")
    (await anna.get("/account/whoami")).ok()
    await sessions.sign_somebody_out(world.commands, OPERATOR, anna.user, None)
    (await anna.get("/account/whoami")).refused(401, "M_UNKNOWN_TOKEN")
    assert await devices.uses_of(world.queries, OPERATOR, anna.user) == []


async def test_whom_nobody_signs_out(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    ctx, nobody = world.commands, UserId("@nobody:veche.test")
    for work, code in (
        (sessions.sign_somebody_out(ctx, anna.asker, boris.user, None), "M_FORBIDDEN"),
        (sessions.sign_somebody_out(ctx, OPERATOR, nobody, None), "M_NOT_FOUND"),
        (sessions.sign_somebody_out(ctx, OPERATOR, UserId("\x00"), None), "M_NOT_FOUND"),
        (sessions.sign_somebody_out(ctx, OPERATOR, anna.user, DeviceId("NONE")), "M_NOT_FOUND"),
        (sessions.sign_somebody_out(ctx, OPERATOR, anna.user, DeviceId("\x00")), "M_NOT_FOUND"),
        (devices.uses_of(world.queries, boris.asker, anna.user), "M_FORBIDDEN"),
        (devices.uses_of(world.queries, OPERATOR, nobody), "M_NOT_FOUND"),
    ):
        assert await outcome(work) == code
    (await anna.get("/account/whoami")).ok()


async def test_whoever_closes_an_account_is_signed_out_before_the_rooms_are_left(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = (await anna.post("/createRoom", {"preset": "public_chat"})).ok()["room_id"]
    (await boris.post(f"/join/{room}")).ok()
    since = (await boris.get("/sync")).ok()["next_batch"]
    poll = boris.begin("GET", "/sync", since=since, timeout=60_000)
    (await anna.get("/account/whoami")).ok()
    assert poll.is_waiting
    await accounts.deactivate_account(world.commands, OPERATOR, boris.user, erases=False)
    (await poll.answer()).refused(401, "M_UNKNOWN_TOKEN")
    assert list((await anna.get(f"/rooms/{room}/joined_members")).ok()["joined"]) == [anna.user]
