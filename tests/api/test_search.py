"""Searching over HTTP: word forms in three languages, filters, order, groups, context, and terms meant to do harm."""

from typing import Any

import pytest

from tests.cast import ANNA, BORIS, CARLA
from tests.stage.people import Person
from tests.stage.rooms import come, found, put_state, redact, relate, say, send
from tests.stage.searching import all_pages, asked, find, ids, search, texts, whole_group
from tests.stage.world import World
from veche.domain.ids import RoomId

SENTENCES = (
    "Итоги встречи в понедельник",
    "Наряжаем ёлку",
    "Compte rendu des réunions",
    "Two meetings tomorrow",
    "План проекта и план встречи",
)
WORDS = (
    ("встреча", (4, 0)),
    ("встречами", (4, 0)),
    ("встр", (4, 0)),
    ("ВСТРЕЧИ", (4, 0)),
    ("елка", (1,)),
    ("Ёлка", (1,)),
    ("réunion", (2,)),
    ("reunion", (2,)),
    ("RÉUNIONS", (2,)),
    ("meeting", (3,)),
    ("meets", (3,)),
    ("план встреча", (4,)),
    ('"план встречи"', (4,)),
    ("«план проекта» встреча", (4,)),
    ('"встречи план"', ()),
    ("встреча meeting", ()),
    ("йлка", ()),
)


async def spoken(world: World) -> tuple[Person, RoomId]:
    """Let Anna say all sentences in a room of hers."""
    anna = await world.person(ANNA)
    room = await found(anna)
    for sentence in SENTENCES:
        await say(anna, room, sentence)
    return anna, room


async def test_word_forms_find_each_other(world: World) -> None:
    anna, _ = await spoken(world)
    for term, expected in WORDS:
        assert await texts(anna, term) == [SENTENCES[at] for at in expected], term


async def test_names_and_topics_are_found_too(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna, name="Ёлочный базар", topic="Всё про базар")
    await say(anna, room, "На базаре пусто")
    topic = {"topic": "Лавка", "m.topic": {"m.text": [{"mimetype": "text/plain", "body": "Лавка на базаре"}]}}
    await put_state(anna, room, "m.room.topic", topic)
    assert await texts(anna, "базар") == ["Лавка", "На базаре пусто", "Всё про базар", "Ёлочный базар"]
    assert await texts(anna, "базар", keys=["content.name"]) == ["Ёлочный базар"]
    assert await texts(anna, "базар", keys=["content.topic", "content.body"]) == [
        "Лавка",
        "На базаре пусто",
        "Всё про базар",
    ]
    assert await texts(anna, "базар", filter={"types": ["m.room.na*"]}) == ["Ёлочный базар"]
    assert await texts(anna, "базар", keys=["content.name"], filter={"not_types": ["m.room.name"]}) == []


async def test_other_events_are_not_found(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    sealed = {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "pelican", "body": "pelican"}
    await send(anna, room, "m.room.encrypted", sealed)
    await send(anna, room, "org.veche.note", {"body": "pelican"})
    await put_state(anna, room, "m.room.name", {"name": "pelican"}, "not-the-name")
    await send(anna, room, "m.room.name", {"name": "pelican"})
    await send(anna, room, "m.room.message", {"msgtype": "m.text", "body": 17})
    assert await texts(anna, "pelican") == []


async def test_filters(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    one, other = await found(anna, boris), await found(anna, boris)
    await say(anna, one, "pelican a")
    await say(boris, one, "pelican b", url="mxc://veche.test/picture")
    await say(boris, other, "pelican c")
    await send(boris, other, "m.room.message", {"msgtype": "m.text", "body": "pelican d"})
    expected: tuple[tuple[dict[str, Any], str], ...] = (
        ({}, "dcba"),
        ({"rooms": [one]}, "ba"),
        ({"rooms": []}, ""),
        ({"not_rooms": [one]}, "dc"),
        ({"rooms": [one], "not_rooms": [one]}, ""),
        ({"senders": [boris.user]}, "dcb"),
        ({"senders": ["@nobody:veche.test"]}, ""),
        ({"not_senders": [boris.user]}, "a"),
        ({"rooms": [one], "senders": [boris.user]}, "b"),
        ({"contains_url": True}, "b"),
        ({"contains_url": False}, "dca"),
        ({"limit": 2}, "dc"),
        ({"limit": 0}, "d"),
        ({"rooms": ["!nowhere:veche.test"]}, ""),
    )
    for wanted, letters in expected:
        assert await texts(anna, "pelican", filter=wanted) == [f"pelican {letter}" for letter in letters], wanted


async def test_what_fits_better_comes_first(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    said = (
        "отчёт по встречам",
        "встреча",
        "длинный рассказ, в котором одна встреча",
        "план: утром встреча",
        "план встреча",
    )
    for sentence in said:
        await say(anna, room, sentence)
    by_rank = await find(anna, "встреча")
    shown = [result["result"]["content"]["body"] for result in by_rank["results"]]
    assert shown == [said[at] for at in (1, 4, 3, 2, 0)]
    ranks = [result["rank"] for result in by_rank["results"]]
    assert ranks == sorted(ranks, reverse=True)
    assert ranks[-1] > 0
    pair = await find(anna, "план встреча")
    assert [result["result"]["content"]["body"] for result in pair["results"]] == [said[4], said[3]]
    assert await texts(anna, "встреча") == [said[at] for at in (4, 3, 2, 1, 0)]


async def test_highlights_are_the_words_as_they_stand_there(world: World) -> None:
    anna, _ = await spoken(world)
    assert (await find(anna, "встреча план"))["highlights"] == ["встреча", "план", "встречи"]
    assert (await find(anna, "reunion"))["highlights"] == ["reunion", "réunions"]
    assert (await find(anna, "pelican"))["highlights"] == ["pelican"]


async def test_context_and_profiles(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    await put_state(anna, room, "m.room.member", {"membership": "join", "displayname": "Аня"}, anna.user)
    said = [await say(anna if at % 2 else boris, room, f"line {at}") for at in range(9)]
    await put_state(anna, room, "m.room.member", {"membership": "join", "displayname": "Анна"}, anna.user)
    context = {"before_limit": 2, "after_limit": 1, "include_profile": True}
    result = (await find(anna, '"line 4"', event_context=context))["results"][0]
    around = result["context"]
    assert [event["event_id"] for event in around["events_before"]] == [said[3], said[2]]
    assert [event["event_id"] for event in around["events_after"]] == [said[5]]
    assert around["profile_info"] == {anna.user: {"displayname": "Аня"}, boris.user: {}}
    page = (await anna.get(f"/rooms/{room}/messages", dir="b", limit=1, **{"from": around["start"]})).ok()["chunk"]
    assert page[0]["event_id"] == said[1]
    page = (await anna.get(f"/rooms/{room}/messages", dir="f", limit=1, **{"from": around["end"]})).ok()["chunk"]
    assert page[0]["event_id"] == said[6]
    defaults = (await find(anna, '"line 4"', event_context={}))["results"][0]["context"]
    assert (len(defaults["events_before"]), len(defaults["events_after"])) == (5, 5)
    assert "profile_info" not in defaults
    assert "context" not in (await find(anna, '"line 4"'))["results"][0]
    bare = (await find(anna, '"line 4"', event_context={"before_limit": 0, "after_limit": -3}))["results"][0]["context"]
    assert (bare["events_before"], bare["events_after"]) == ([], [])


async def test_state_is_that_of_now_or_of_the_leaving(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris, name="before")
    await say(anna, room, "pelican")
    (await boris.post(f"/rooms/{room}/leave")).ok()
    await put_state(anna, room, "m.room.name", {"name": "after"})
    for person, name in ((anna, "after"), (boris, "before")):
        state = (await find(person, "pelican", include_state=True))["state"]
        assert [event["content"]["name"] for event in state[room] if event["type"] == "m.room.name"] == [name]


async def test_groups_can_be_gone_on_with_alone(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    rooms = [await found(anna, boris), await found(anna, boris)]
    said = [await say((anna, boris)[at % 2], rooms[at % 3 == 0], f"pelican {at}") for at in range(12)]
    grouped: dict[str, Any] = {
        "groupings": {"group_by": [{"key": "room_id"}, {"key": "sender"}]},
        "order_by": "recent",
        "filter": {"limit": 5},
    }
    page = await find(anna, "pelican", **grouped)
    assert ids([page]) == said[:6:-1]
    assert page["groups"]["sender"][boris.user] | {"next_batch": ""} == {
        "order": 1,
        "results": [said[11], said[9], said[7]],
        "next_batch": "",
    }
    assert [group["order"] for group in page["groups"]["room_id"].values()] == [1, 2]
    rest = await all_pages(anna, "pelican", page["groups"]["sender"][boris.user]["next_batch"], **grouped)
    assert ids(rest) == [said[5], said[3], said[1]]
    rest = await all_pages(anna, "pelican", page["groups"]["room_id"][rooms[1]]["next_batch"], **grouped)
    assert ids(rest) == [said[6], said[3], said[0]]
    grouped["filter"]["limit"] = 2  # so that a group has several pages
    page = await find(anna, "pelican", **grouped)
    assert await whole_group(anna, "pelican", "sender", boris.user, page, **grouped) == said[11:0:-2]
    assert await whole_group(anna, "pelican", "room_id", rooms[0], page, **grouped) == [
        said[at] for at in range(11, 0, -1) if at % 3
    ]


async def test_an_edit_is_found_by_its_new_text_only(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    told = await say(anna, room, "pelican")
    edit = await relate(anna, room, told, "m.replace", "heron")
    await relate(boris, room, told, "m.replace", "somebody else may not")
    assert ids([await find(anna, "heron")]) == [told]
    assert await texts(anna, "pelican") == []
    assert (await find(anna, "heron"))["highlights"] == ["heron"]
    again = await relate(anna, room, told, "m.replace", "stork")
    assert (await texts(anna, "heron"), ids([await find(anna, "stork")])) == ([], [told])
    await redact(anna, room, again)
    assert (await texts(anna, "stork"), ids([await find(anna, "heron")])) == ([], [told])
    await redact(anna, room, edit)
    assert (await texts(anna, "heron"), ids([await find(anna, "pelican")])) == ([], [told])
    await redact(anna, room, told)
    assert await texts(anna, "pelican") == []


async def test_a_redacted_or_edited_text_is_not_found_before_the_index_knows(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    gone, changed = await say(anna, room, "pelican one"), await say(anna, room, "pelican two")
    world.index()
    world.indexes = False
    assert await texts(anna, "pelican") == ["pelican two", "pelican one"]
    await redact(anna, room, gone)
    await relate(anna, room, changed, "m.replace", "heron")
    assert await texts(anna, "pelican") == []


@pytest.mark.parametrize(
    "term",
    [
        '"',
        '" OR "',
        "*",
        "pelican*",
        "a* NOT b",
        "NEAR(a b)",
        "^pelican",
        "-",
        "'",
        "\\",
        "body:pelican",
        "{words} : x",
    ],
)
async def test_no_term_is_a_question_to_the_database(world: World, term: str) -> None:
    anna = await world.person(ANNA)
    await say(anna, await found(anna), "pelican")
    answer = await search(anna, term)
    assert len(answer.ok()["search_categories"]["room_events"]["results"]) == int("pelican" in term and ":" not in term)


async def test_terms_meant_to_do_harm(world: World) -> None:
    anna = await world.person(ANNA)
    (await search(anna, "x" * 1_000_000)).refused(400, "M_INVALID_PARAM")
    (await search(anna, " ".join(f"w{at}" for at in range(33)))).refused(400, "M_INVALID_PARAM")
    (await search(anna, " ".join(f"w{at}" for at in range(32)))).ok()
    (await search(anna, "\x00\x01\x02 \ue000r1 \u202e \u0000")).ok()
    (await search(anna, "é" * 2_000)).ok()
    torn = b'{"search_categories":{"room_events":{"search_term":"\\ud800"}}}'
    assert (await anna.call("POST", "/search", torn)).status == 400


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"search_categories": []},
        {"search_categories": {"room_events": {}}},
        {"search_categories": {"room_events": {"search_term": 5}}},
        asked("x", keys=["content.format"]),
        asked("x", order_by="size"),
        asked("x", groupings={"group_by": [{"key": "type"}]}),
        asked("x", filter={"rooms": "all"}),
        asked("x", event_context={"before_limit": "five"}),
    ],
)
async def test_what_is_wrongly_asked_is_refused(world: World, body: dict[str, Any]) -> None:
    anna = await world.person(ANNA)
    answer = await anna.post("/search", body)
    assert answer.status == 400
    assert answer.errcode in ("M_BAD_JSON", "M_MISSING_PARAM", "M_INVALID_PARAM")


async def test_other_categories_are_passed_over(world: World) -> None:
    anna = await world.person(ANNA)
    assert (await anna.post("/search", {"search_categories": {"people": {}}})).ok() == {"search_categories": {}}


@pytest.mark.parametrize("token", ["", "x", "ff", "____", "kwE", "lAECA8A", "é", "A" * 100])
async def test_foreign_tokens(world: World, token: str) -> None:
    anna = await world.person(ANNA)
    answer = await search(anna, "pelican", token)
    assert answer.status == (200 if token == "" else 400)


@pytest.mark.settings(search="off")
async def test_searching_can_be_turned_off(world: World) -> None:
    anna = await world.person(ANNA)
    (await search(anna, "pelican")).refused(400, "M_UNKNOWN")
    assert not (world.place.data / "search.sqlite3").exists()


async def test_without_an_index_the_answer_says_so(world: World) -> None:
    anna = await world.person(ANNA)
    world.indexes = False
    (await search(anna, "pelican")).refused(503, "M_UNKNOWN")


async def test_only_rooms_one_was_in_and_only_what_one_saw(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    visibility = [{"type": "m.room.history_visibility", "content": {"history_visibility": "joined"}}]
    room = await found(anna, initial_state=visibility)
    await say(anna, room, "pelican before")
    await come(anna, boris, room)
    edited = await say(anna, room, "pelican together")
    (await boris.post(f"/rooms/{room}/leave")).ok()
    await say(anna, room, "pelican after")
    (await anna.post(f"/rooms/{room}/invite", {"user_id": carla.user})).ok()
    assert await texts(boris, "pelican") == ["pelican together"]
    assert (await find(boris, "pelican"))["count"] == 1
    assert await texts(carla, "pelican") == []
    await relate(anna, room, edited, "m.replace", "pelican secret")
    assert await texts(boris, "secret") == []
    assert await texts(boris, "together") == []  # though he may read it: the index knows the newest text only
    assert await texts(anna, "secret") == ["pelican together"]
    (await boris.post(f"/rooms/{room}/forget")).ok()
    assert await texts(boris, "pelican") == []


async def test_ignored_people_are_not_found(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    await say(boris, room, "pelican b")
    await say(anna, room, "pelican a")
    path = f"/user/{anna.user}/account_data/m.ignored_user_list"
    (await anna.put(path, {"ignored_users": {boris.user: {}}})).ok()
    found_now = await find(anna, "pelican", event_context={})
    assert found_now["count"] == 1
    around = found_now["results"][0]["context"]
    assert "pelican b" not in [event["content"].get("body") for event in around["events_before"]]


async def test_erased_words_are_found_by_those_only_who_were_there(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    room = await found(anna, boris)
    await say(boris, room, "pelican b")
    await say(anna, room, "pelican a")
    proof = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": boris.user},
        "password": "boris's own password",
    }
    (await boris.post("/account/deactivate", {"auth": proof, "erase": True})).ok()
    await come(anna, carla, room)
    assert await texts(anna, "pelican") == ["pelican a", "pelican b"]
    assert await texts(carla, "pelican") == ["pelican a"]
    assert (await find(carla, "pelican"))["count"] == 1
