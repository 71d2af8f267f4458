"""Account data, tags and filters: the owner's only, whole, and told to the owner."""

from collections.abc import Coroutine
from typing import Any

import pytest

from tests.cast import ANNA, BORIS
from tests.commands.conversation import conversation, head, told_since
from tests.stage.world import World
from veche.commands.account_data import add_filter, add_tag, remove_tag, set_account_data, set_room_account_data
from veche.domain.ids import RoomId
from veche.domain.refusals import Refused
from veche.live.account_data import KnownFilters
from veche.queries.account_data import filter_of
from veche.storage import account_data
from veche.storage.account_data import GLOBAL, IGNORED_USERS

ROOM = RoomId("!room:x")


async def refused(deed: Coroutine[Any, Any, Any]) -> tuple[int, str]:
    """Status and code of what is refused."""
    with pytest.raises(Refused) as caught:
        await deed
    return caught.value.refusal.status, caught.value.refusal.code


async def test_account_data_is_stored_and_told_to_its_owner(world: World) -> None:
    anna = await world.person(ANNA)
    before = await head(world)
    await set_account_data(world.commands, anna.asker, anna.user, "org.x", {"b": 0.5, "a": [1, None, "я"]})
    await set_room_account_data(world.commands, anna.asker, anna.user, ROOM, "org.x", {})
    facts = [entry.fact for entry in told_since(world, before)]
    assert [(fact.kind, fact.user, fact.room) for fact in facts] == [
        ("account_data", anna.user, None),
        ("account_data", anna.user, ROOM),
    ]
    assert facts[0].body == ("org.x", '{"a":[1,null,"я"],"b":0.5}'.encode())
    found = await world.queries.reader.run(lambda at: account_data.find_json(at, anna.user, GLOBAL, "org.x"))
    assert found == facts[0].body[1]


def nested(depth: int) -> Any:
    """Lists in lists."""
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("content", [{"n": 2**53}, {"n": [{"m": -(2**60)}]}, {"deep": nested(150)}])
async def test_content_that_no_client_could_read_is_refused(world: World, content: dict[str, Any]) -> None:
    anna = await world.person(ANNA)
    before = await head(world)
    assert await refused(set_account_data(world.commands, anna.asker, anna.user, "x", content)) == (400, "M_BAD_JSON")
    assert await refused(add_tag(world.commands, anna.asker, anna.user, ROOM, "x", content)) == (400, "M_BAD_JSON")
    assert await head(world) == before


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("m.fully_read", 405, "M_BAD_JSON"),
        ("m.push_rules", 405, "M_BAD_JSON"),
        ("", 400, "M_INVALID_PARAM"),
        ("x" * 256, 400, "M_INVALID_PARAM"),
        ("a\x00b", 400, "M_INVALID_PARAM"),
    ],
)
async def test_types_that_cannot_be_set(world: World, kind: str, status: int, code: str) -> None:
    anna = await world.person(ANNA)
    ctx = world.commands
    assert await refused(set_account_data(ctx, anna.asker, anna.user, kind, {})) == (status, code)
    assert await refused(set_room_account_data(ctx, anna.asker, anna.user, ROOM, kind, {})) == (status, code)


async def test_everything_here_belongs_to_its_owner(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    ctx, asker, user = world.commands, boris.asker, anna.user
    for deed in (
        set_account_data(ctx, asker, user, "x", {}),
        set_room_account_data(ctx, asker, user, ROOM, "x", {}),
        add_tag(ctx, asker, user, ROOM, "x", {}),
        remove_tag(ctx, asker, user, ROOM, "x"),
        add_filter(ctx, asker, user, {}),
    ):
        assert await refused(deed) == (403, "M_FORBIDDEN")
    nowhere = RoomId("nowhere")
    for deed in (
        set_room_account_data(ctx, asker, asker.user, nowhere, "x", {}),
        add_tag(ctx, asker, asker.user, nowhere, "x", {}),
        remove_tag(ctx, asker, asker.user, nowhere, "x"),
    ):
        assert await refused(deed) == (400, "M_INVALID_PARAM")


async def test_tags_come_and_go_one_by_one(world: World) -> None:
    anna = await world.person(ANNA)
    ctx, asker, user = world.commands, anna.asker, anna.user

    async def tags() -> Any:
        return await world.queries.reader.run(lambda at: account_data.find(at, user, ROOM, "m.tag"))

    await add_tag(ctx, asker, user, ROOM, "m.favourite", {"order": 0.25})
    await add_tag(ctx, asker, user, ROOM, "u.work/é", {})
    await add_tag(ctx, asker, user, ROOM, "m.favourite", {"order": 1, "more": "x"})
    assert await tags() == {"tags": {"m.favourite": {"order": 1, "more": "x"}, "u.work/é": {}}}
    await remove_tag(ctx, asker, user, ROOM, "m.favourite")
    before = await head(world)
    await remove_tag(ctx, asker, user, ROOM, "m.favourite")
    assert (await tags(), await head(world)) == ({"tags": {"u.work/é": {}}}, before)
    for tag, content, code in (
        ("", {}, "M_INVALID_PARAM"),
        ("é" * 128, {}, "M_INVALID_PARAM"),
        ("x", {"order": "0.5"}, "M_BAD_JSON"),
        ("x", {"order": True}, "M_BAD_JSON"),
    ):
        assert await refused(add_tag(ctx, asker, user, ROOM, tag, content)) == (400, code)


async def test_tags_grow_from_whatever_stood_there(world: World) -> None:
    anna = await world.person(ANNA)
    await set_room_account_data(world.commands, anna.asker, anna.user, ROOM, "m.tag", {"tags": "none"})
    await add_tag(world.commands, anna.asker, anna.user, ROOM, "u.a", {})
    found = await world.queries.reader.run(lambda at: account_data.find(at, anna.user, ROOM, "m.tag"))
    assert found == {"tags": {"u.a": {}}}


async def test_a_filter_has_one_id_however_often_it_is_stored(world: World) -> None:
    anna = await world.person(ANNA)
    given = {"room": {"timeline": {"limit": 5}}, "org.x": [1.5]}
    ids = {await add_filter(world.commands, anna.asker, anna.user, given) for _ in range(2)}
    other = await add_filter(world.commands, anna.asker, anna.user, {})
    assert len(ids) == 1
    assert other not in ids
    assert not other.startswith("{")
    wrong = {"room": {"timeline": {"limit": "many"}}}
    assert await refused(add_filter(world.commands, anna.asker, anna.user, wrong)) == (400, "M_INVALID_PARAM")


async def test_filters_are_remembered_by_owner_and_id(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    ids = [await add_filter(world.commands, anna.asker, anna.user, {"event_format": name}) for name in ("a", "b")]
    known = KnownFilters(most=1)
    for _ in range(2):
        for filter_id, name in zip(ids, ("a", "b"), strict=True):
            assert (await filter_of(world.queries, anna.asker, filter_id, known)).event_format == name
    assert (known.find(anna.user, ids[0]), known.find(boris.user, ids[1])) == (None, None)
    await world.commands.writer.run(lambda tx: tx.run("DELETE FROM filters"))
    assert (await filter_of(world.queries, anna.asker, ids[1], known)).event_format == "b"
    assert await refused(filter_of(world.queries, anna.asker, ids[0], known)) == (400, "M_INVALID_PARAM")


async def test_a_filter_that_is_no_longer_understood_is_refused(world: World) -> None:
    anna = await world.person(ANNA)
    await world.commands.writer.run(lambda tx: account_data.add_filter(tx, anna.user, "old", b'{"room":7}'))
    deed = filter_of(world.queries, anna.asker, "old", KnownFilters())
    assert await refused(deed) == (400, "M_INVALID_PARAM")


async def test_ignoring_somebody_changes_how_counts_are_kept(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    talk = await conversation(world, anna, boris)
    await talk.say(anna, "boris!")
    assert await talk.counts(boris) == (1, 1)
    before = await head(world)
    ignoring: dict[str, Any] = {"ignored_users": {anna.user: {}}}
    await set_account_data(world.commands, boris.asker, boris.user, IGNORED_USERS, ignoring)
    assert [entry.fact.kind for entry in told_since(world, before)] == ["account_data", "read_mark"]
    assert (await talk.unread(boris)).kind == "own rules"
    assert await talk.counts(boris) == (0, 0)
    before = await head(world)
    await set_account_data(world.commands, boris.asker, boris.user, IGNORED_USERS, ignoring)
    assert [entry.fact.kind for entry in told_since(world, before)] == ["account_data"], "the same people"
    await set_account_data(world.commands, boris.asker, boris.user, IGNORED_USERS, {"ignored_users": {}})
    assert (await talk.unread(boris)).kind == "all"
    assert await talk.counts(boris) == (1, 1)
