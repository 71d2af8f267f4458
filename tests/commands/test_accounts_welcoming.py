"""The rooms that new accounts find themselves in: everybody's rooms, promised ones, and those that do not let them."""

import msgspec
import pytest

from tests.commands.test_accounts import DUMMY, PASSWORD, application
from tests.stage.world import Person, World
from veche.commands import accounts, moderation
from veche.commands.accounts.welcoming import ACCOUNTS_AT_ONCE, NOTHING_PROMISED, Promise, join_rooms
from veche.commands.context import Context
from veche.domain.accounts.first import FirstLink, FirstWish
from veche.domain.accounts.importing import NewPerson
from veche.domain.accounts.tokens import TokenWish
from veche.domain.ids import Alias, RoomId, UserId
from veche.domain.sessions import OPERATOR, Role, digest_of
from veche.queries import accounts as queries
from veche.storage import directory, rooms
from veche.storage.accounts import first_links
from veche.storage.reader import Snapshot

GENERAL, TALK = "#general:veche.test", "#talk:veche.test"


async def founder(world: World, name: str = "elena") -> UserId:
    """Make an administrator as the command line does."""
    return await accounts.create_account(world.commands, OPERATOR, name, PASSWORD, "administrator")


async def newcomer(world: World, name: str = "greta") -> UserId:
    """Let somebody register."""
    user, _ = await accounts.register(world.commands, application(name), DUMMY)
    return user


async def led_to(world: World, alias: str) -> RoomId | None:
    """Return the room behind an alias."""
    return await world.queries.reader.run(lambda at: directory.room_named(at, alias))


async def joined(world: World, user: UserId) -> set[str]:
    """Return the names of all rooms that somebody is in."""

    def read(at: Snapshot) -> set[str]:
        found = rooms.memberships_of(at, user, "join")
        named = [rooms.current_state(at, one.room_id).get("m.room.name") for one in found]
        return {event.content["name"] if event else "" for event in named}

    return await world.queries.reader.run(read)


async def invited_by_token(world: World, maker: Person, room: str, name: str = "greta", role: Role = "user") -> UserId:
    """Let an administrator make a token that leads into a room, and somebody register with it."""
    end = world.clock() + 60_000
    wish = TokenWish(uses_allowed=1, expires_ts=end, role=role, rooms=(room,))
    token = await accounts.add_registration_token(world.commands, maker.asker, wish)
    return await registered(world, token.token, name)


async def registered(world: World, token: str, name: str = "greta") -> UserId:
    """Let somebody register with a token."""
    proof = {"type": "m.login.registration_token", "token": token}
    user, _ = await accounts.register(world.commands, application(name), proof)
    return user


async def closed_room(world: World, owner: Person) -> str:
    """Found a room for the invited only."""
    body = {"preset": "private_chat", "name": "Board", "room_alias_name": "board"}
    return str((await owner.post("/createRoom", body)).ok()["room_id"])


async def test_the_first_administrator_founds_the_rooms_for_everybody(world: World) -> None:
    elena = await founder(world)
    assert await joined(world, elena) == {"General", "Talk"}
    room = await led_to(world, GENERAL)
    assert room is not None
    state = await world.queries.reader.run(lambda at: rooms.current_pieces(at, room))
    found = await world.queries.reader.run(lambda at: rooms.find(at, room))
    assert found is not None
    assert (found.creator, found.is_public) == (elena, True)
    assert ("m.room.encryption", "") not in state
    assert await joined(world, await newcomer(world)) == {"General", "Talk"}
    assert await joined(world, await founder(world, "second")) == {"General", "Talk"}
    assert await led_to(world, GENERAL) == room


@pytest.mark.settings(default_rooms="Общая,, Общий чат ,")
async def test_rooms_bear_names_of_any_alphabet(world: World) -> None:
    assert await joined(world, await founder(world)) == {"Общая", "Общий чат"}
    assert await led_to(world, "#общий-чат:veche.test") is not None


@pytest.mark.settings(default_rooms="")
async def test_there_need_be_no_rooms(world: World) -> None:
    assert await joined(world, await founder(world)) == set()
    assert await joined(world, await newcomer(world)) == set()


async def test_behind_the_link_it_is_the_same(world: World) -> None:
    token = await accounts.offer_first_link(world.commands)
    assert token is not None
    wish = FirstWish("", "Грета Иванова", PASSWORD)
    user = await accounts.make_first_administrator(world.commands, token, wish)
    assert user == "@greta.ivanova:veche.test"
    assert await joined(world, user) == {"General", "Talk"}


async def test_whoever_is_made_an_administrator_first_founds_them_too(world: World) -> None:
    anna = (await world.person("anna")).user
    assert await joined(world, await newcomer(world)) == set()
    await accounts.set_role(world.commands, OPERATOR, anna, "administrator")
    assert await joined(world, anna) == {"General", "Talk"}
    boris = (await world.person("boris")).user
    await accounts.set_role(world.commands, OPERATOR, boris, "administrator")
    assert await joined(world, boris) == set()


@pytest.mark.settings(registration="token")
@pytest.mark.parametrize("how", ["command", "role", "link", "import", "token"])
async def test_those_who_had_accounts_before_come_too(world: World, how: str) -> None:
    names = [f"early-{number:02}" for number in range(2 * ACCOUNTS_AT_ONCE + 1)]
    before = [await accounts.create_account(world.commands, OPERATOR, name, PASSWORD, "user") for name in names]
    gone = before.pop(ACCOUNTS_AT_ONCE)
    await accounts.deactivate_account(world.commands, OPERATOR, gone, erases=False)
    await _found(world, how, before[0])
    for user in before:
        assert await joined(world, user) == {"General", "Talk"}
    assert await joined(world, gone) == set()


async def _found(world: World, how: str, somebody: UserId) -> None:
    """Let there be a first administrator."""
    ctx = world.commands
    if how == "command":
        await founder(world)
    elif how == "role":
        await accounts.set_role(ctx, OPERATOR, somebody, "administrator")
    elif how == "import":
        await accounts.import_people(ctx, OPERATOR, [NewPerson("elena", password=PASSWORD, role="administrator")])
    elif how == "link":
        link = FirstLink(digest_of("link"), world.clock() + 60_000)
        await ctx.writer.run(lambda tx: first_links.replace(tx, link))  # printed before they came
        await accounts.make_first_administrator(ctx, "link", FirstWish("", "Elena Orlova", PASSWORD, PASSWORD))
    else:
        wish = TokenWish(None, 1, world.clock() + 60_000, "administrator")
        token = await accounts.add_registration_token(ctx, OPERATOR, wish)
        await registered(world, token.token, "elena")


async def own_room(world: World, person: Person, preset: str = "public_chat") -> RoomId:
    """Let somebody make a room of the name, before the name was in the setting."""
    room = RoomId((await person.post("/createRoom", {"preset": preset, "name": "Ours"})).ok()["room_id"])
    await world.commands.writer.run(lambda tx: directory.add_alias(tx, Alias(GENERAL), room, person.user))
    return room


async def test_nobody_is_brought_into_a_room_that_somebody_named_so_before(world: World) -> None:
    anna = await world.person("anna")
    room = await own_room(world, anna)
    elena = await founder(world)
    assert await joined(world, elena) == {"Talk"}
    assert await joined(world, anna.user) == {"Ours", "Talk"}
    assert await joined(world, await newcomer(world)) == {"Talk"}
    assert await led_to(world, GENERAL) == room
    farid = await world.person("farid", role="administrator")
    (await farid.delete("/directory/room/%23general%3Aveche.test")).ok()
    (await farid.post("/createRoom", {"preset": "public_chat", "name": "All", "room_alias_name": "general"})).ok()
    assert await joined(world, await newcomer(world, "hanna")) == {"All", "Talk"}


async def test_the_names_of_everybodys_rooms_are_kept_for_administrators(world: World) -> None:
    anna = await world.person("anna")
    refused = await anna.post("/createRoom", {"preset": "public_chat", "room_alias_name": "general"})
    refused.refused(400, "M_EXCLUSIVE")
    room = (await anna.post("/createRoom", {"preset": "public_chat", "room_alias_name": "generals"})).ok()["room_id"]
    (await anna.put("/directory/room/%23talk%3Aveche.test", {"room_id": room})).refused(400, "M_EXCLUSIVE")
    await founder(world)
    assert await joined(world, await newcomer(world)) == {"General", "Talk"}


async def test_everybodys_room_stays_it_whatever_becomes_of_its_alias(world: World) -> None:
    elena, farid = await founder(world), await world.person("farid", role="administrator")
    (await farid.delete("/directory/room/%23general%3Aveche.test")).ok()
    anna = await world.person("anna")
    await own_room(world, anna)
    await accounts.set_role(world.commands, OPERATOR, elena, "user")
    assert await joined(world, await newcomer(world)) == {"General", "Talk"}
    room = (await farid.post("/createRoom", {"preset": "public_chat", "name": "Other"})).ok()["room_id"]
    (await farid.delete("/directory/room/%23general%3Aveche.test")).ok()
    (await farid.put("/directory/room/%23general%3Aveche.test", {"room_id": room})).ok()
    assert await joined(world, await newcomer(world, "hanna")) == {"Other", "Talk"}


async def test_an_administrators_room_that_is_there_is_used_as_it_is(world: World) -> None:
    elena = await world.person("elena", role="administrator")
    room = await own_room(world, elena)
    assert await joined(world, await newcomer(world)) == {"Ours"}
    await founder(world, "farid")
    await accounts.set_role(world.commands, OPERATOR, elena.user, "user")
    assert await joined(world, await newcomer(world, "hanna")) == {"Ours"}
    assert await led_to(world, GENERAL) == room


def named_later(world: World, *names: str) -> Context:
    """Return what commands are given after a start with other names in the setting."""
    limits = msgspec.structs.replace(world.commands.limits, default_rooms=names)
    return msgspec.structs.replace(world.commands, limits=limits)


@pytest.mark.settings(default_rooms="")
async def test_a_name_that_is_added_later_is_founded_at_the_next_start(world: World) -> None:
    anna, nobody = (await world.person("anna")).user, named_later(world, "General")
    assert await accounts.found_added_rooms(nobody) == []
    assert await led_to(world, GENERAL) is None
    elena, farid = await founder(world), await founder(world, "farid")
    await moderation.restrict(world.commands, OPERATOR, elena, "suspension", until_ts=None, reason="")
    ctx = named_later(world, "General", "News")
    assert await accounts.found_added_rooms(ctx) == []
    for user in (anna, elena, farid):
        assert await joined(world, user) == {"General", "News"}
    room = await led_to(world, GENERAL)
    assert room is not None
    found = await world.queries.reader.run(lambda at: rooms.find(at, room))
    assert found is not None
    assert found.creator == farid
    position = (await ctx.reader.run(lambda at: at)).position
    assert await accounts.found_added_rooms(ctx) == []
    assert (await ctx.reader.run(lambda at: at)).position == position


@pytest.mark.settings(default_rooms="")
async def test_whoever_took_the_name_before_keeps_an_own_room(world: World) -> None:
    mallory = await world.person("mallory")
    wish = {"preset": "public_chat", "name": "Trap", "room_alias_name": "general"}
    (await mallory.post("/createRoom", wish)).ok()
    elena = await founder(world)
    ctx = named_later(world, "General")
    assert await accounts.found_added_rooms(ctx) == [GENERAL]
    assert await joined(world, elena) == set()
    farid = await world.person("farid", role="administrator")
    (await farid.delete("/directory/room/%23general%3Aveche.test")).ok()
    assert await accounts.found_added_rooms(ctx) == []
    assert await joined(world, elena) == {"General"}
    assert await joined(world, mallory.user) == {"Trap", "General"}


@pytest.mark.settings(default_rooms="")
async def test_an_administrators_room_of_that_name_is_taken_for_newcomers(world: World) -> None:
    elena = await world.person("elena", role="administrator")
    room = await own_room(world, elena)
    ctx = named_later(world, "General")
    assert await accounts.found_added_rooms(ctx) == []
    assert await led_to(world, GENERAL) == room
    anna = (await world.person("anna")).user
    await ctx.writer.run(lambda tx: join_rooms(tx, ctx, anna, NOTHING_PROMISED))
    assert await joined(world, anna) == {"Ours"}


async def test_a_room_that_lets_nobody_in_keeps_nobody_from_an_account(world: World) -> None:
    elena = await world.person("elena", role="administrator")
    await own_room(world, elena, "private_chat")
    await founder(world, "farid")
    assert await joined(world, await newcomer(world)) == set()


async def test_a_room_that_is_gone_is_passed_over(world: World) -> None:
    anna = await world.person("anna")
    nowhere = RoomId("!nowhere:veche.test")
    promise = Promise((nowhere,), "x", opens_closed_rooms=True)
    await world.commands.writer.run(lambda tx: join_rooms(tx, world.commands, anna.user, promise))
    assert await joined(world, anna.user) == set()


async def test_newcomers_are_seen_to_join(world: World) -> None:
    await founder(world)
    anna = await world.person("anna")
    (await anna.post(f"/join/{await led_to(world, GENERAL)}")).ok()
    since = (await anna.get("/sync")).ok()["next_batch"]
    poll = anna.begin("GET", "/sync", since=since, timeout=30_000)
    user = await newcomer(world)
    (room,) = (await poll.answer()).ok()["rooms"]["join"].values()
    (event,) = room["timeline"]["events"]
    assert (event["type"], event["state_key"], event["sender"]) == ("m.room.member", user, user)
    assert event["content"] == {"membership": "join", "displayname": "greta"}


@pytest.mark.settings(registration="token", default_rooms="")
async def test_a_token_opens_a_closed_room_and_its_members_are_told_by_whom(world: World) -> None:
    anna = await world.person("anna")
    elena = await world.person("elena", role="administrator")
    room = await closed_room(world, anna)
    greta = await invited_by_token(world, elena, "#board:veche.test")
    assert await joined(world, greta) == {"Board"}
    content = (await anna.get(f"/rooms/{room}/state/m.room.member/{greta}")).ok()
    assert content["reason"] == "came with a registration token of @elena:veche.test"


@pytest.mark.settings(registration="token", default_rooms="")
async def test_an_open_room_needs_no_reason(world: World) -> None:
    anna = await world.person("anna")
    elena = await world.person("elena", role="administrator")
    room = (await anna.post("/createRoom", {"preset": "public_chat", "name": "Open"})).ok()["room_id"]
    greta = await invited_by_token(world, elena, room)
    assert "reason" not in (await anna.get(f"/rooms/{room}/state/m.room.member/{greta}")).ok()


@pytest.mark.settings(registration="token", default_rooms="")
async def test_no_token_lifts_a_ban(world: World) -> None:
    anna = await world.person("anna")
    elena = await world.person("elena", role="administrator")
    room = await closed_room(world, anna)
    (await anna.post(f"/rooms/{room}/ban", {"user_id": "@greta:veche.test"})).ok()
    greta = await invited_by_token(world, elena, room)
    assert await joined(world, greta) == set()


@pytest.mark.settings(registration="token", default_rooms="")
@pytest.mark.parametrize("what", ["demoted", "locked", "closed"])
async def test_what_the_maker_may_is_asked_again_when_it_is_used(world: World, what: str) -> None:
    anna, ctx = await world.person("anna"), world.commands
    elena = await world.person("elena", role="administrator")
    await world.person("farid", role="administrator")
    await closed_room(world, anna)
    end = world.clock() + 60_000
    for_users = TokenWish("letter", rooms=("#board:veche.test",))
    for_administrators = TokenWish(None, 1, end, "administrator")
    letter = await accounts.add_registration_token(ctx, elena.asker, for_users)
    crown = await accounts.add_registration_token(ctx, elena.asker, for_administrators)
    if what == "demoted":
        await accounts.set_role(ctx, OPERATOR, elena.user, "user")
    elif what == "locked":
        await moderation.restrict(ctx, OPERATOR, elena.user, "lock", until_ts=None, reason="")
    else:
        await accounts.deactivate_account(ctx, OPERATOR, elena.user, erases=False)
    assert await joined(world, await registered(world, letter.token)) == set()
    answer = await world.call(
        "POST",
        "/_matrix/client/v3/register",
        {
            "username": "hanna",
            "password": PASSWORD,
            "auth": {"type": "m.login.registration_token", "token": crown.token},
        },
    )
    answer.refused(401, "M_FORBIDDEN")


@pytest.mark.settings(registration="token")
async def test_a_token_may_make_an_administrator(world: World) -> None:
    anna = await world.person("anna")
    room = (await anna.post("/createRoom", {"preset": "public_chat", "name": "Open"})).ok()["room_id"]
    elena = await world.person("elena", role="administrator")
    greta = await invited_by_token(world, elena, room, role="administrator")
    assert await joined(world, greta) == {"Open"}
    entries = await queries.all_accounts(world.queries, OPERATOR)
    assert {entry.user_id: entry.role for entry in entries}[greta] == "administrator"
