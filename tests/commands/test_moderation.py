"""Moderation: what a lock and a suspension do to those who are signed in, on both engines."""

import asyncio
from typing import Any

import msgspec
import pytest

from tests.cast import ANNA, BORIS, CARLA, ELENA
from tests.stage.asgi import Answer
from tests.stage.rooms import found
from tests.stage.world import CLIENT_API, Person, World
from veche.commands import accounts, moderation, sessions
from veche.commands.accounts.keeping import begin_closing, close_account
from veche.commands.sessions import SessionWish
from veche.domain.accounts.tokens import TokenWish
from veche.domain.ids import UserId
from veche.domain.refusals import Refused
from veche.domain.sessions import OPERATOR
from veche.queries import accounts as account_queries
from veche.queries import moderation as queries
from veche.queries import operation

pytestmark = pytest.mark.settings(presence="off")  # a poll that waits hears only what is said
DAY_MS = 86_400_000
PASSWORD = "a fairly long password"
PROOF = {"type": "m.login.password", "password": "elena's own password"}


async def outcome(work: Any) -> str:
    """Return ``done``, or the code that the work was refused with."""
    try:
        await work
    except Refused as refused:
        return refused.refusal.code
    return "done"


def proof_of(person: Person) -> dict[str, str]:
    """What somebody shows who closes their own account."""
    return {**PROOF, "password": f"{person.user[1:].partition(':')[0]}'s own password"}


async def lock(world: World, person: Person, **more: Any) -> None:
    """Whoever runs the server locks somebody."""
    await moderation.restrict(world.commands, OPERATOR, person.user, "lock", **more)


async def unlock(world: World, person: Person) -> None:
    """Whoever runs the server lets somebody in again."""
    await moderation.lift(world.commands, OPERATOR, person.user, "lock")


async def suspend(world: World, person: Person, **more: Any) -> None:
    """Whoever runs the server suspends somebody."""
    await moderation.restrict(world.commands, OPERATOR, person.user, "suspension", **more)


def expect_locked(answer: Answer) -> None:
    """Fail unless the answer is that the account is locked, and that the session should be kept."""
    assert answer.refused(401, "M_USER_LOCKED")["soft_logout"] is True


async def test_a_lock_is_felt_at_once_and_its_end_too(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    since = (await anna.get("/sync")).ok()["next_batch"]
    poll = anna.begin("GET", "/sync", since=since, timeout=60_000)
    (await anna.get("/account/whoami")).ok()
    assert poll.is_waiting
    await lock(world, anna, reason="lost her telephone")
    expect_locked(await poll.answer())
    expect_locked(await anna.get("/account/whoami"))
    expect_locked(await anna.get("/sync", since=since, timeout=60_000))
    expect_locked(await anna.post("/createRoom"))
    (await boris.get("/account/whoami")).ok()
    await unlock(world, anna)
    (await anna.get("/account/whoami")).ok()
    assert (await anna.get("/sync", since=since)).ok()["next_batch"]


async def test_whoever_is_locked_may_sign_out(world: World) -> None:
    anna = await world.person(ANNA)
    phone = await world.device(anna.user, "PHONE")
    tablet = await world.device(anna.user, "TABLET")
    await lock(world, anna)
    (await phone.post("/logout")).ok()
    (await phone.post("/logout")).refused(401, "M_UNKNOWN_TOKEN")
    expect_locked(await anna.get("/devices"))
    (await anna.post("/logout/all")).ok()
    await unlock(world, anna)
    for person in (anna, tablet):
        (await person.get("/devices")).refused(401, "M_UNKNOWN_TOKEN")


async def test_a_lock_may_end_by_itself(world: World) -> None:
    anna = await world.person(ANNA)
    await lock(world, anna, until_ts=world.clock() + DAY_MS)
    expect_locked(await anna.get("/account/whoami"))
    world.clock.advance(ms=DAY_MS)
    (await anna.get("/account/whoami")).ok()
    await unlock(world, anna)
    acts = await operation.acts(world.queries, OPERATOR, 2**53, 10)
    assert [act.what for act in acts] == ["lock"]  # there was nothing to undo any more


async def test_a_lock_survives_a_restart_and_so_do_the_sessions(world: World) -> None:
    anna = await world.person(ANNA)
    await lock(world, anna)
    await world.restart()
    expect_locked(await anna.get("/account/whoami"))
    await unlock(world, anna)
    (await anna.get("/account/whoami")).ok()


async def test_a_locked_person_cannot_sign_in_nor_refresh(world: World) -> None:
    await world.person(ANNA)
    wish = SessionWish(is_refreshed=True)
    user, session = await sessions.sign_in(world.commands, ANNA, "anna's own password", wish)
    await moderation.restrict(world.commands, OPERATOR, user, "lock")
    body = {"type": "m.login.password", "user": ANNA, "password": "anna's own password"}
    expect_locked(await world.call("POST", f"{CLIENT_API}/login", body))
    wrong = await world.call("POST", f"{CLIENT_API}/login", {**body, "password": "something else"})
    wrong.refused(403, "M_FORBIDDEN")
    expect_locked(await world.call("POST", f"{CLIENT_API}/refresh", {"refresh_token": session.refresh_token}))
    await moderation.lift(world.commands, OPERATOR, user, "lock")
    (await world.call("POST", f"{CLIENT_API}/login", body)).ok()
    (await world.call("POST", f"{CLIENT_API}/refresh", {"refresh_token": session.refresh_token})).ok()


async def test_a_public_endpoint_takes_whoever_is_locked_for_nobody(world: World) -> None:
    anna = await world.person(ANNA)
    await lock(world, anna)
    (await anna.get("/login")).ok()
    (await anna.get(f"/profile/{anna.user}")).refused(403, "M_FORBIDDEN")


class Trouble(msgspec.Struct, frozen=True):
    """Boris is in a room where he said something, knows another, and is invited to a third."""

    boris: Person
    carla: Person
    room: str
    other: str
    invited: str
    said: str

    @property
    def own(self) -> str:
        """Where his membership stands."""
        return f"/rooms/{self.room}/state/m.room.member/{self.boris.user}"


async def trouble(world: World) -> Trouble:
    """Bring Boris into trouble: he is suspended."""
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    room, other = await found(anna, boris, preset="public_chat"), await found(anna, preset="public_chat")
    invited = await found(carla)
    (await carla.post(f"/rooms/{invited}/invite", {"user_id": boris.user})).ok()
    said = (await boris.put(f"/rooms/{room}/send/m.room.message/1", {"body": "mine"})).ok()["event_id"]
    await suspend(world, boris)
    return Trouble(boris, carla, room, other, invited, said)


async def test_whoever_is_suspended_takes_no_part(world: World) -> None:
    them = await trouble(world)
    boris, room, somebody = them.boris, them.room, {"user_id": them.carla.user}
    for refused in (
        await boris.put(f"/rooms/{room}/send/m.room.message/2", {"msgtype": "m.text", "body": "no"}),
        await boris.put(f"/rooms/{room}/state/m.room.topic", {"topic": "no"}),
        await boris.put(them.own, {"membership": "join", "displayname": "No"}),
        await boris.post(f"/join/{them.other}"),
        await boris.post(f"/knock/{them.other}"),
        await boris.post(f"/join/{them.invited}"),
        await boris.post("/createRoom"),
        *[await boris.post(f"/rooms/{room}/{verb}", somebody) for verb in ("invite", "kick", "ban", "unban")],
        await boris.put(f"/profile/{boris.user}/displayname", {"displayname": "No"}),
        await boris.delete(f"/profile/{boris.user}/displayname"),
        await boris.put("/directory/room/%23no%3Aveche.test", {"room_id": room}),
        await boris.delete("/directory/room/%23no%3Aveche.test"),
        await boris.put(f"/directory/list/room/{room}", {"visibility": "public"}),
        await boris.put(f"/rooms/{room}/typing/{boris.user}", {"typing": True}),
        await boris.put(f"/presence/{boris.user}/status", {"presence": "online", "status_msg": "no"}),
        await boris.put(f"/presence/{boris.user}/status", {"presence": "busy"}),
        await boris.put(f"/presence/{boris.user}/status", {"presence": "online", "org.veche.busy": True}),
    ):
        refused.refused(403, "M_USER_SUSPENDED")


async def test_whoever_is_suspended_reads_leaves_and_takes_back(world: World) -> None:
    them = await trouble(world)
    boris, room = them.boris, them.room
    for done in (
        await boris.put(f"/rooms/{room}/send/m.room.message/1", {"body": "mine"}),  # answered before
        await boris.put(f"/rooms/{room}/redact/{them.said}/3", {}),
        await boris.get("/sync"),
        await boris.get(f"/rooms/{room}/messages", dir="b"),
        await boris.post(f"/rooms/{room}/receipt/m.read/{them.said}"),
        await boris.put(f"/user/{boris.user}/account_data/a.b", {"a": 1}),
        await boris.put("/sendToDevice/m.key.verification.start/1", {"messages": {boris.user: {"*": {}}}}),
        await boris.put(f"/rooms/{room}/typing/{boris.user}", {"typing": False}),
        await boris.put(f"/presence/{boris.user}/status", {"presence": "online"}),
        await boris.put(f"/presence/{boris.user}/status", {"presence": "online", "org.veche.busy": False}),
        await boris.post(f"/rooms/{them.invited}/leave"),
        await boris.put(them.own, {"membership": "leave"}),
        await boris.post("/logout"),
    ):
        done.ok()


async def test_a_suspended_person_redacts_nothing_of_others(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris, power_level_content_override={"users": {"@anna:veche.test": 100}, "redact": 0})
    said = (await anna.put(f"/rooms/{room}/send/m.room.message/1", {"body": "hers"})).ok()["event_id"]
    await suspend(world, boris)
    (await boris.put(f"/rooms/{room}/redact/{said}/1", {})).refused(403, "M_USER_SUSPENDED")
    (await boris.put(f"/rooms/{room}/send/m.room.redaction/2", {"redacts": said})).refused(403, "M_USER_SUSPENDED")


async def test_a_suspension_ends_by_itself_or_is_lifted(world: World) -> None:
    anna = await world.person(ANNA)
    (await anna.get("/account/whoami")).ok()
    await suspend(world, anna, until_ts=world.clock() + DAY_MS)
    (await anna.post("/createRoom")).refused(403, "M_USER_SUSPENDED")
    phone = await world.device(anna.user, "PHONE")
    (await phone.post("/createRoom")).refused(403, "M_USER_SUSPENDED")
    world.clock.advance(ms=DAY_MS)
    (await anna.post("/createRoom")).ok()
    await suspend(world, anna)
    (await anna.post("/createRoom")).refused(403, "M_USER_SUSPENDED")
    await moderation.lift(world.commands, OPERATOR, anna.user, "suspension")
    for person in (anna, phone):
        (await person.post("/createRoom")).ok()


async def test_one_can_be_both_and_each_ends_for_itself(world: World) -> None:
    anna = await world.person(ANNA)
    await lock(world, anna, reason="first")
    await suspend(world, anna, reason="second")
    entry = await queries.account(world.queries, OPERATOR, anna.user)
    assert (entry.lock and entry.lock.reason, entry.suspension and entry.suspension.reason) == ("first", "second")
    assert (entry.lock and entry.lock.until_ts, entry.lock and entry.lock.by) == (None, None)
    await unlock(world, anna)
    (await anna.post("/createRoom")).refused(403, "M_USER_SUSPENDED")
    entry = await queries.account(world.queries, OPERATOR, anna.user)
    assert entry.lock is None


async def test_a_second_lock_changes_reason_and_end(world: World) -> None:
    anna = await world.person(ANNA)
    await lock(world, anna, reason="first")
    end = world.clock() + DAY_MS
    await lock(world, anna, reason="second", until_ts=end)
    entry = await queries.account(world.queries, OPERATOR, anna.user)
    assert entry.lock is not None
    assert (entry.lock.reason, entry.lock.until_ts) == ("second", end)
    acts = await operation.acts(world.queries, OPERATOR, 2**53, 10)
    assert [(act.what, act.reason, act.whom, act.by) for act in acts] == [
        ("lock", "second", anna.user, None),
        ("lock", "first", anna.user, None),
    ]


async def test_the_last_administrator_can_neither_be_locked_nor_demoted(world: World) -> None:
    anna, elena = await world.person(ANNA, role="administrator"), await world.person(ELENA, role="administrator")
    ctx = world.commands
    assert await outcome(moderation.restrict(ctx, elena.asker, elena.user, "lock")) == "M_FORBIDDEN"
    assert await outcome(moderation.restrict(ctx, elena.asker, anna.user, "lock")) == "done"
    for work in (  # anna is one, yet cannot sign in
        moderation.restrict(ctx, OPERATOR, elena.user, "lock"),
        moderation.restrict(ctx, OPERATOR, elena.user, "suspension"),
        accounts.set_role(ctx, OPERATOR, elena.user, "user"),
        accounts.deactivate_account(ctx, elena.asker, elena.user, erases=False),
        accounts.deactivate_account(ctx, OPERATOR, elena.user, erases=False),
        accounts.deactivate(ctx, elena.asker, PROOF, erases=False),
    ):
        assert await outcome(work) == "M_FORBIDDEN"
    (await elena.get("/account/whoami")).ok()
    await unlock(world, anna)
    assert await outcome(accounts.set_role(ctx, OPERATOR, elena.user, "user")) == "done"
    assert await outcome(accounts.set_role(ctx, OPERATOR, anna.user, "user")) == "M_FORBIDDEN"
    assert await outcome(accounts.deactivate_account(ctx, OPERATOR, anna.user, erases=False)) == "M_FORBIDDEN"
    assert await outcome(accounts.set_role(ctx, OPERATOR, elena.user, "administrator")) == "done"
    assert await outcome(accounts.deactivate_account(ctx, OPERATOR, anna.user, erases=False)) == "done"


async def administrators(world: World) -> list[UserId]:
    """Return who could still administer the server."""
    found = await queries.accounts_after(world.queries, OPERATOR, None, 10)
    able = [one for one in found if one.deactivated_ts is None and one.lock is None and one.suspension is None]
    return [one.user_id for one in able if one.role == "administrator"]


@pytest.mark.parametrize("how", ["close", "close oneself", "lock", "suspend", "demote"])
async def test_two_administrators_who_undo_each_other_at_once_leave_one(world: World, how: str) -> None:
    anna, elena = await world.person(ANNA, role="administrator"), await world.person(ELENA, role="administrator")

    def undo(asker: Person, other: Person) -> Any:
        ctx = world.commands
        return {
            "close": lambda: accounts.deactivate_account(ctx, asker.asker, other.user, erases=True),
            "close oneself": lambda: accounts.deactivate(ctx, asker.asker, proof_of(asker), erases=True),
            "lock": lambda: moderation.restrict(ctx, asker.asker, other.user, "lock"),
            "suspend": lambda: moderation.restrict(ctx, asker.asker, other.user, "suspension"),
            "demote": lambda: accounts.set_role(ctx, asker.asker, other.user, "user"),
        }[how]()

    both = await asyncio.gather(outcome(undo(anna, elena)), outcome(undo(elena, anna)))
    assert both.count("done") == 1, both
    assert len(await administrators(world)) == 1


async def test_an_account_being_closed_counts_as_gone_at_once(world: World) -> None:
    anna, elena = await world.person(ANNA, role="administrator"), await world.person(ELENA, role="administrator")
    ctx = world.commands
    await ctx.writer.run(lambda tx: begin_closing(tx, ctx, anna.user))  # its rooms are being left meanwhile
    assert await outcome(accounts.deactivate_account(ctx, OPERATOR, elena.user, erases=False)) == "M_FORBIDDEN"
    assert await outcome(moderation.restrict(ctx, OPERATOR, elena.user, "lock")) == "M_FORBIDDEN"
    await accounts.set_role(ctx, OPERATOR, anna.user, "administrator")
    await accounts.set_role(ctx, OPERATOR, elena.user, "user")
    assert await outcome(close_account(ctx, anna.asker, erases=False)) == "M_FORBIDDEN"
    assert await administrators(world) == [anna.user]


@pytest.mark.parametrize(
    ("what", "code"),
    [("lock", "M_USER_LOCKED"), ("suspend", "M_USER_SUSPENDED"), ("demote", "M_FORBIDDEN"), ("close", "M_FORBIDDEN")],
)
async def test_what_an_administrator_began_ends_with_their_office(world: World, what: str, code: str) -> None:
    anna, elena = await world.person(ANNA, role="administrator"), await world.person(ELENA, role="administrator")
    ctx, boris = world.commands, await world.person(BORIS)
    await {
        "lock": lambda: moderation.restrict(ctx, OPERATOR, elena.user, "lock"),
        "suspend": lambda: moderation.restrict(ctx, OPERATOR, elena.user, "suspension"),
        "demote": lambda: accounts.set_role(ctx, OPERATOR, elena.user, "user"),
        "close": lambda: accounts.deactivate_account(ctx, OPERATOR, elena.user, erases=False),
    }[what]()
    for work in (  # elena was identified before
        accounts.set_role(ctx, elena.asker, boris.user, "administrator"),
        accounts.make_reset_code(ctx, elena.asker, anna.user),
        accounts.create_account(ctx, elena.asker, "greta", PASSWORD, "administrator"),
        accounts.add_registration_token(ctx, elena.asker, TokenWish()),
        accounts.deactivate_account(ctx, elena.asker, boris.user, erases=False),
        moderation.restrict(ctx, elena.asker, boris.user, "lock"),
    ):
        assert await outcome(work) == code
    entry = await queries.account(world.queries, OPERATOR, boris.user)
    assert (entry.role, entry.deactivated_ts, entry.lock) == ("user", None, None)


async def test_a_suspended_administrator_lets_nobody_go_least_of_all_themselves(world: World) -> None:
    anna, elena = await world.person(ANNA, role="administrator"), await world.person(ELENA, role="administrator")
    await suspend(world, elena)
    suspension = f"/_veche/v1/accounts/{elena.user}/suspension"
    (await elena.delete(suspension)).refused(403, "M_USER_SUSPENDED")
    (await elena.get("/_veche/v1/accounts")).ok()  # reading goes on
    (await anna.delete(suspension)).ok()
    (await elena.delete(suspension)).refused(403, "M_FORBIDDEN")
    (await elena.put(f"/_veche/v1/accounts/{anna.user}/suspension", {})).ok()


@pytest.mark.settings(registration="token")
async def test_a_suspended_administrators_token_makes_no_administrators(world: World) -> None:
    await world.person(ANNA, role="administrator")
    elena, ctx = await world.person(ELENA, role="administrator"), world.commands
    end = world.clock() + DAY_MS
    token = await accounts.add_registration_token(ctx, elena.asker, TokenWish(None, 2, end, "administrator"))
    assert await account_queries.token_is_valid(world.queries, token.token)
    await suspend(world, elena)
    assert not await account_queries.token_is_valid(world.queries, token.token)
    await moderation.lift(ctx, OPERATOR, elena.user, "suspension")
    assert await account_queries.token_is_valid(world.queries, token.token)


@pytest.mark.parametrize("user", ["@greta:veche.test", "greta", "", "@\x00:x"])
async def test_who_is_not_here_can_be_neither_locked_nor_shown(world: World, user: str) -> None:
    greta = UserId(user)
    for work in (
        moderation.restrict(world.commands, OPERATOR, greta, "lock"),
        moderation.lift(world.commands, OPERATOR, greta, "lock"),
        queries.account(world.queries, OPERATOR, greta),
        queries.is_restricted(world.queries, OPERATOR, greta, "lock"),
    ):
        assert await outcome(work) == "M_NOT_FOUND"


async def test_only_administrators_moderate(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    for work in (
        moderation.restrict(world.commands, anna.asker, boris.user, "lock"),
        moderation.lift(world.commands, anna.asker, boris.user, "suspension"),
        queries.account(world.queries, anna.asker, boris.user),
        queries.accounts_after(world.queries, anna.asker, None, 10),
        queries.is_restricted(world.queries, anna.asker, boris.user, "lock"),
        operation.acts(world.queries, anna.asker, 2**53, 10),
    ):
        assert await outcome(work) == "M_FORBIDDEN"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"until_ts": 5}, "M_INVALID_PARAM"),
        ({"reason": "x" * 501}, "M_INVALID_PARAM"),
        ({"reason": "\x00"}, "M_INVALID_PARAM"),
    ],
)
async def test_what_cannot_be_kept_locks_nobody(world: World, more: dict[str, Any], code: str) -> None:
    anna = await world.person(ANNA)
    assert await outcome(moderation.restrict(world.commands, OPERATOR, anna.user, "lock", **more)) == code
    (await anna.get("/account/whoami")).ok()
    assert await operation.acts(world.queries, OPERATOR, 2**53, 10) == []


async def test_accounts_are_listed_in_pages(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    await lock(world, boris)
    await accounts.deactivate_account(world.commands, OPERATOR, carla.user, erases=False)
    page = await queries.accounts_after(world.queries, OPERATOR, None, 2)
    assert [(one.user_id, one.lock is not None) for one in page] == [(anna.user, False), (boris.user, True)]
    (last,) = await queries.accounts_after(world.queries, OPERATOR, boris.user, 2)
    assert (last.user_id, last.deactivated_ts is not None) == (carla.user, True)
