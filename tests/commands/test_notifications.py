"""Push rules as they are edited, the classes that follow from them, and the rows of those an event names."""

from collections.abc import Coroutine
from typing import Any
from unittest.mock import patch

import msgspec
import pytest

from tests.cast import ANNA, BORIS, CARLA, DMITRI, id_of
from tests.commands.conversation import Conversation, conversation, head, told_since
from tests.stage.world import Person, World
from veche.commands.notifications import add_rule, classify, classifying, remove_rule, set_actions, set_enabled
from veche.domain.ids import Position, RoomId
from veche.domain.notifications import Totals
from veche.domain.refusals import Refused
from veche.domain.timeline import MAIN
from veche.live.notifications import Counted, KnownCounts
from veche.storage import notifications

SILENT: dict[str, Any] = {"actions": []}
LUNCH = {"pattern": "lunch", "actions": ["notify", {"set_tweak": "highlight"}]}


async def kind_of(world: World, person: Person, room: RoomId) -> str:
    """Somebody's class in a room."""
    found = await world.queries.reader.run(lambda at: notifications.classes_of(at, person.user, RoomId(""), 999))
    return {one.room_id: one.kind for one in found}[room]


async def refused(deed: Coroutine[Any, Any, None]) -> tuple[int, str]:
    """Status and code of what is refused."""
    with pytest.raises(Refused) as caught:
        await deed
    return caught.value.refusal.status, caught.value.refusal.code


async def put(world: World, person: Person, kind: str, rule_id: str, body: dict[str, Any]) -> None:
    """Somebody adds a rule or changes it."""
    await add_rule(world.commands, person.asker, kind, rule_id, body, None, None)


async def test_a_rule_for_a_room_changes_the_class_there(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    loud, quiet = await conversation(world, anna, boris), await conversation(world, anna, boris)
    for talk in (loud, quiet):
        await talk.say(anna, "hello")
        await talk.say(anna, "hello boris")
    before = await head(world)
    await put(world, boris, "room", quiet.room, SILENT)
    facts = [entry.fact for entry in told_since(world, before)]
    assert [(fact.kind, fact.user, fact.room) for fact in facts] == [
        ("push_rules", boris.user, None),
        ("read_mark", boris.user, quiet.room),
    ]
    assert await kind_of(world, boris, quiet.room) == "mentions"
    assert await kind_of(world, boris, loud.room) == "all"
    assert await quiet.counts(boris) == (1, 1)
    assert await loud.counts(boris) == (2, 1)
    await put(world, boris, "override", "hush", {**SILENT, "conditions": [at(quiet.room)]})
    assert await kind_of(world, boris, quiet.room) == "muted"
    assert await quiet.counts(boris) == (0, 0)
    await remove_rule(world.commands, boris.asker, "override", "hush")
    await remove_rule(world.commands, boris.asker, "room", quiet.room)
    assert await kind_of(world, boris, quiet.room) == "all"
    assert await quiet.counts(boris) == (2, 1)


def at(room: RoomId) -> dict[str, str]:
    """The condition that an event is in a room."""
    return {"kind": "event_match", "key": "room_id", "pattern": room}


async def test_keywords_are_counted_when_their_owner_reads(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    talk = await conversation(world, anna, boris)
    root = await talk.say(anna, "Lunch?")
    await put(world, boris, "content", "food", LUNCH)
    assert await kind_of(world, boris, talk.room) == "own rules"
    assert await talk.counts(boris) == (1, 1)
    await talk.say(anna, "now!")
    await talk.say(anna, "lunch is ready", thread=root)
    found = await talk.unread(boris)
    assert (found.notify, found.highlight, found.threads) == (2, 1, {root: (1, 1)})
    await talk.say(boris, "I had lunch")
    await talk.say(anna, "lunch again")
    assert await talk.counts(boris) == (1, 1), "counted from one's own message on"
    before = await head(world)
    await put(world, boris, "content", "food", {**LUNCH, "pattern": "dinner"})
    assert [entry.fact.kind for entry in told_since(world, before)] == ["push_rules", "read_mark"]
    assert await talk.counts(boris) == (1, 0)


async def test_counts_that_were_evaluated_are_not_evaluated_again(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    talk = await conversation(world, anna, boris)
    await put(world, boris, "content", "food", LUNCH)
    await talk.say(anna, "lunch")
    assert await talk.counts(boris) == (1, 1)
    other = b'{"content":{"body":"x"}}'
    await world.commands.writer.run(
        lambda tx: tx.run("UPDATE events SET json = ? WHERE type = 'm.room.message'", other)
    )
    assert await talk.counts(boris) == (1, 1)
    await talk.say(anna, "nothing")
    assert await talk.counts(boris) == (2, 1)


async def test_counts_from_the_future_are_not_used_for_an_older_snapshot(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    talk, known = await conversation(world, anna, boris), world.queries.live.counts
    await put(world, boris, "content", "food", LUNCH)
    await talk.say(anna, "lunch")
    assert await talk.counts(boris) == (1, 1)
    counted = known.find(boris.user, talk.room, MAIN)
    assert counted is not None
    later = msgspec.structs.replace(counted, until=Position(counted.until + 1), totals=Totals(7, 7))
    known.put(boris.user, talk.room, MAIN, later)
    assert await talk.counts(boris) == (1, 1)


async def test_memory_lets_go_of_the_counts_put_first() -> None:
    known, counted = KnownCounts(most=2), Counted((), Position(1), Position(2), Totals())
    for room in ("!a", "!b", "!a", "!c"):
        known.put(id_of(ANNA), RoomId(room), MAIN, counted)
    assert [bool(known.find(id_of(ANNA), RoomId(room), MAIN)) for room in ("!a", "!b", "!c")] == [True, False, True]


async def test_editing_stores_the_difference_only_when_there_is_one(world: World) -> None:
    anna = await world.person(ANNA)
    ctx, asker = world.commands, anna.asker
    before = await head(world)
    await set_enabled(ctx, asker, "override", ".m.rule.master", enabled=False)
    await set_actions(ctx, asker, "underride", ".m.rule.message", ["notify"])
    assert await head(world) == before, "both are so by default"
    await set_actions(ctx, asker, "underride", ".m.rule.message", [])
    await set_enabled(ctx, asker, "override", ".m.rule.master", enabled=True)
    assert [entry.fact.kind for entry in told_since(world, before)] == ["push_rules"] * 2
    changes, position = await world.queries.reader.run(lambda at: notifications.find_changes(at, anna.user))
    assert set(changes.altered) == {".m.rule.message", ".m.rule.master"}
    assert position == await head(world)


async def test_a_refused_edit_changes_nothing(world: World) -> None:
    anna = await world.person(ANNA)
    ctx, asker = world.commands, anna.asker
    before = await head(world)
    assert await refused(add_rule(ctx, asker, "content", "x", LUNCH, "nothing", None)) == (400, "M_UNKNOWN")
    assert await refused(add_rule(ctx, asker, "content", ".x", LUNCH, None, None)) == (400, "M_INVALID_PARAM")
    assert await refused(remove_rule(ctx, asker, "content", "x")) == (404, "M_NOT_FOUND")
    assert await refused(set_enabled(ctx, asker, "content", "x", enabled=True)) == (404, "M_NOT_FOUND")
    assert await refused(set_actions(ctx, asker, "underride", ".m.rule.call", "no")) == (400, "M_BAD_JSON")
    assert await head(world) == before


async def test_classes_of_very_many_rooms_follow_in_slices(world: World) -> None:
    anna = await world.person(ANNA)
    rooms = [(await conversation(world, anna)).room for _ in range(5)]
    with patch.object(classifying, "ROOMS_AT_ONCE", 2):
        await set_enabled(world.commands, anna.asker, "override", ".m.rule.master", enabled=True)
    assert {await kind_of(world, anna, room) for room in rooms} == {"muted"}
    with patch.object(classifying, "ROOMS_AT_ONCE", 5):
        await set_enabled(world.commands, anna.asker, "override", ".m.rule.master", enabled=False)
    assert {await kind_of(world, anna, room) for room in rooms} == {"all"}


@pytest.mark.parametrize(("has_rules", "kind"), [(False, "all"), (True, "own rules")])
async def test_whoever_joins_gets_the_class_of_their_rules(world: World, has_rules: bool, kind: str) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    if has_rules:
        await put(world, boris, "content", "food", LUNCH)
    talk = await conversation(world, anna, boris)
    await world.commands.writer.run(lambda tx: classify(tx, boris.user, talk.room))
    assert await kind_of(world, boris, talk.room) == kind


async def own_rows(talk: Conversation) -> list[tuple[str, int, int]]:
    """Whom events named, and what that added for them."""
    found = await talk.world.queries.reader.run(
        lambda at: at.all("SELECT user_id, notify, highlight FROM own_counts ORDER BY position, user_id")
    )
    return [(str(user)[1:].partition(":")[0], notify, highlight) for user, notify, highlight in found]


async def test_rows_exist_only_for_the_members_an_event_names(world: World) -> None:
    anna, boris, carla, dmitri = await world.people(ANNA, BORIS, CARLA, DMITRI)
    talk = await conversation(world, anna, boris, carla)
    before = await head(world)
    mentions = {"user_ids": [boris.user, dmitri.user, anna.user, "no\x00body", 7]}
    await talk.say(anna, "hello carla", mentions=mentions)
    assert await own_rows(talk) == [("boris", 0, 1)], "Dmitri is no member, Anna the sender, Carla not mentioned"
    facts = [(entry.fact.kind, entry.fact.user) for entry in told_since(world, before)]
    assert facts == [("event", anna.user), ("read_mark", boris.user)]


async def test_without_mentions_the_words_of_the_body_name_people(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    await carla.put(f"/profile/{carla.user}/displayname", {"displayname": "Карла Петровна"})
    talk = await conversation(world, anna, boris, carla)
    await talk.say(anna, "dear boris, where is КАРЛА петровна? \x00")
    await talk.say(anna, "borissimo")
    await talk.send(anna, "m.sticker", {"body": "boris"})
    await talk.send(
        anna, "m.reaction", {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$x", "key": "boris"}}
    )
    assert await own_rows(talk) == [("boris", 0, 1), ("carla", 0, 1), ("boris", 1, 1)]


async def test_a_plain_message_takes_one_look_into_the_name_index(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    talk = await conversation(world, anna, boris)
    asked: list[str] = []
    connection = type(world.commands.writer._connection)  # noqa: SLF001
    rows = connection.rows

    def watched(self: Any, sql: str, params: Any = ()) -> Any:
        asked.append(sql)
        return rows(self, sql, params)

    with patch.object(connection, "rows", watched):
        await talk.say(anna, "good morning to everybody")
        await talk.say(anna, "good morning", mentions={})
    assert len([sql for sql in asked if "room_names" in sql]) == 1
    assert not [sql for sql in asked if "own_counts" in sql]
