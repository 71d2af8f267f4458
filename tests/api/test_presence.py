"""Presence at the door: who is told how somebody is doing, and when."""

import json
from typing import Any

import pytest

from tests.cast import ANNA, BORIS, CARLA, DMITRI
from tests.commands.conversation import conversation
from tests.stage.asgi import Exchange
from tests.stage.people import Person
from tests.stage.presence import by_hand
from tests.stage.world import World
from veche.commands.presence import tell_changes
from veche.domain.ids import UserId
from veche.domain.presence import GRACE_MS, LONGEST_TEXT
from veche.live import notifier
from veche.queries.sync import presence as stream

pytestmark = pytest.mark.settings(presence="on")

Content = dict[str, Any]


@pytest.fixture(autouse=True)
def rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is told or noted but when a test says so."""
    by_hand(monkeypatch)


async def status(asker: Person, user: str) -> Content:
    """Ask how somebody is doing."""
    found: Content = (await asker.get(f"/presence/{user}/status")).ok()
    return found


async def put(person: Person, **body: object) -> None:
    """Set one's own status."""
    (await person.put(f"/presence/{person.user}/status", body)).ok()


async def sync(person: Person, since: str | None = None, **more: object) -> tuple[dict[str, Content], str]:
    """Sync once without waiting; return what was told of whom, and the next token."""
    answer = (await person.get("/sync", since=since, timeout=0, **more)).ok()
    events = answer.get("presence", {"events": []})["events"]
    assert [event["sender"] for event in events] == sorted({event["sender"] for event in events})
    assert all(event.keys() == {"type", "sender", "content"} and event["type"] == "m.presence" for event in events)
    return {event["sender"]: event["content"] for event in events}, answer["next_batch"]


async def a_poll_that_waits(world: World, person: Person, since: str, **more: object) -> Exchange:
    """Begin a long poll, and let everything come to rest."""
    poll = person.begin("GET", "/sync", since=since, timeout=60_000, **more)
    await status(person, person.user)
    assert poll.is_waiting
    return poll


async def test_others_see_who_syncs_and_for_how_long(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    await conversation(world, anna, boris)
    assert await status(anna, boris.user) == {"presence": "offline"}
    since = (await sync(boris))[1]
    poll = await a_poll_that_waits(world, boris, since)
    world.clock.advance(seconds=200)
    found = await status(anna, boris.user)
    assert (found["presence"], found["currently_active"]) == ("online", True)
    await poll.hang_up()
    world.clock.advance(ms=GRACE_MS - 2_000)
    assert (await status(anna, boris.user))["presence"] == "online"
    world.clock.advance(ms=3_000)
    found = await status(anna, boris.user)
    assert found["presence"] == "offline"
    assert found["last_active_ago"] >= 200_000
    assert "currently_active" not in found


async def test_strangers_see_nothing(world: World) -> None:
    anna, boris, dmitri = await world.people(ANNA, BORIS, DMITRI)
    await conversation(world, anna, boris)
    for user in (boris.user, "@nobody:veche.test"):
        (await dmitri.get(f"/presence/{user}/status")).refused(403, "M_FORBIDDEN")
    token = (await sync(dmitri, set_presence="offline"))[1]
    await put(boris, presence="online", status_msg="here")
    poll = await a_poll_that_waits(world, dmitri, token, set_presence="offline")
    await tell_changes(world.commands)
    await status(dmitri, dmitri.user)
    assert poll.is_waiting, "a change among strangers wakes nobody"
    await poll.hang_up()
    assert (await sync(dmitri, token, set_presence="offline"))[0].keys() <= {dmitri.user}
    assert (await sync(dmitri, set_presence="offline"))[0].keys() <= {dmitri.user}


async def test_a_change_wakes_those_around_once(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    await conversation(world, anna, boris, carla)
    for person in (anna, boris, carla):
        await sync(person)
    await tell_changes(world.commands)
    since = (await sync(anna))[1]
    poll = await a_poll_that_waits(world, anna, since)
    await put(boris, presence="online", status_msg="at lunch")
    await put(boris, presence="unavailable")
    await put(carla, presence="unavailable")
    await put(carla, presence="online")
    assert poll.is_waiting
    await tell_changes(world.commands)
    answer = (await poll.answer()).ok()
    (event,) = answer["presence"]["events"]
    assert event["sender"] == boris.user, "Carla is as she was"
    assert (event["content"]["presence"], event["content"]["status_msg"]) == ("unavailable", "at lunch")
    assert "rooms" not in answer
    assert (await sync(anna, answer["next_batch"]))[0] == {}


async def test_a_first_sync_tells_of_everybody_but_those_simply_offline(world: World) -> None:
    anna, boris, carla, dmitri = await world.people(ANNA, BORIS, CARLA, DMITRI)
    await conversation(world, anna, boris, carla, dmitri)
    await put(boris, presence="online")
    await put(carla, presence="offline", status_msg="back on Monday")
    await sync(anna, set_presence="unavailable")
    await tell_changes(world.commands)
    told, token = await sync(anna, set_presence="unavailable")
    assert {user: content["presence"] for user, content in told.items()} == {
        anna.user: "unavailable",
        boris.user: "online",
        carla.user: "offline",
    }
    assert told[carla.user] == {"presence": "offline", "status_msg": "back on Monday"}
    assert (await sync(anna, token))[0] == {}


async def test_the_best_of_several_devices_counts(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    await conversation(world, anna, boris)
    tablet = await world.device(boris.user, "TABLET")
    away = await a_poll_that_waits(world, boris, (await sync(boris))[1], set_presence="unavailable")
    assert (await status(anna, boris.user))["presence"] == "unavailable"
    here = await a_poll_that_waits(world, tablet, (await sync(tablet))[1])
    assert (await status(anna, boris.user))["presence"] == "online"
    await here.hang_up()
    world.clock.advance(ms=GRACE_MS)
    assert (await status(anna, boris.user))["presence"] == "unavailable"
    hidden = await a_poll_that_waits(
        world, tablet, (await sync(tablet, set_presence="offline"))[1], set_presence="offline"
    )
    assert (await status(anna, boris.user))["presence"] == "unavailable", "one device shows him, the other hides"
    await put(boris, presence="offline")
    assert (await status(anna, boris.user))["presence"] == "offline"
    await sync(boris)
    assert (await status(anna, boris.user))["presence"] == "online", "syncing brings him back"
    await away.hang_up()
    await hidden.hang_up()


async def test_whoever_does_nothing_is_away_and_comes_back_by_doing_something(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await conversation(world, anna, boris)
    token = (await sync(anna, set_presence="offline"))[1]
    await sync(boris)
    await tell_changes(world.commands)
    poll = await a_poll_that_waits(world, boris, (await sync(boris))[1])
    told, token = await sync(anna, token, set_presence="offline")
    assert told[boris.user]["presence"] == "online"
    world.clock.advance(seconds=5 * 60)
    await tell_changes(world.commands)
    told, token = await sync(anna, token, set_presence="offline")
    assert told[boris.user]["presence"] == "unavailable"
    assert 299_000 <= told[boris.user]["last_active_ago"] < 310_000
    await room.say(boris, "back again")
    await tell_changes(world.commands)
    told, token = await sync(anna, token, set_presence="offline")
    assert told[boris.user]["presence"] == "online"
    assert told[boris.user]["last_active_ago"] < 10_000
    await poll.hang_up()


async def test_doing_something_unseen_leaves_no_trace(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await conversation(world, anna, boris)
    await room.say(boris, "I am not here")
    await sync(boris, set_presence="offline")
    assert await status(anna, boris.user) == {"presence": "offline"}


async def test_busy_until_a_moment(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    await conversation(world, anna, boris)
    token = (await sync(anna, set_presence="offline"))[1]
    until = world.clock() + 60_000
    await put(boris, presence="online", status_msg="writing", **{"org.veche.busy": True, "org.veche.until": until})
    await tell_changes(world.commands)
    told, token = await sync(anna, token, set_presence="offline")
    seen = told[boris.user]
    assert (seen["presence"], seen["org.veche.busy"], seen["org.veche.until"]) == ("unavailable", True, until)
    await sync(boris)
    poll = await a_poll_that_waits(world, boris, (await sync(boris))[1])
    await put(boris, presence="online")
    assert (await status(anna, boris.user))["org.veche.busy"], "setting something else does not end it"
    world.clock.advance(seconds=61)
    await tell_changes(world.commands)
    told, token = await sync(anna, token, set_presence="offline")
    assert told[boris.user]["presence"] == "online"
    assert told[boris.user].keys().isdisjoint({"org.veche.busy", "org.veche.until"})
    assert told[boris.user]["status_msg"] == "writing"
    await put(boris, presence="online", **{"org.veche.busy": True})
    assert (await status(anna, boris.user))["org.veche.busy"]
    await put(boris, presence="online", **{"org.veche.busy": False})
    assert "org.veche.busy" not in await status(anna, boris.user)
    await poll.hang_up()


@pytest.mark.parametrize("word", ["busy", "org.matrix.msc3026.busy"])
async def test_a_busy_device_stays_so_while_it_syncs(world: World, word: str) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    await conversation(world, anna, boris)
    await put(boris, presence=word)
    await sync(boris)
    found = await status(anna, boris.user)
    assert (found["presence"], found["org.veche.busy"]) == ("unavailable", True)
    await put(boris, presence="online")
    assert (await status(anna, boris.user))["presence"] == "online"


async def test_a_text_survives_and_goes_when_it_is_taken_away(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    await conversation(world, anna, boris)
    until = world.clock() + 3_600_000
    await put(
        boris, presence="online", status_msg="x" * LONGEST_TEXT, **{"org.veche.busy": True, "org.veche.until": until}
    )
    await world.restart()
    world.clock.advance(ms=GRACE_MS)
    kept = {"presence": "offline", "status_msg": "x" * LONGEST_TEXT, "org.veche.busy": True, "org.veche.until": until}
    assert await status(anna, boris.user) == kept
    assert (await sync(anna, set_presence="offline"))[0] == {boris.user: kept}
    for nothing in ("", None):
        await put(boris, presence="online", status_msg="here")
        await put(boris, presence="online", status_msg=nothing)
        assert "status_msg" not in await status(anna, boris.user)


async def test_newcomers_and_those_they_meet_are_told_of_each_other(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    room = (await conversation(world, anna, boris)).room
    for person in (anna, boris, carla):
        await put(person, presence="online", status_msg=f"I am {person.user}")
    await tell_changes(world.commands)
    tokens = [(await sync(person))[1] for person in (boris, carla)]
    (await carla.post(f"/join/{room}")).ok()
    told, token = await sync(boris, tokens[0])
    assert told.keys() == {carla.user}
    assert (await sync(carla, tokens[1]))[0].keys() == {anna.user, boris.user}
    (await carla.post(f"/rooms/{room}/leave")).ok()
    token = (await sync(boris, token))[1]
    await put(carla, presence="online", status_msg="secret")
    await tell_changes(world.commands)
    assert (await sync(boris, token))[0] == {}
    (await boris.get(f"/presence/{carla.user}/status")).refused(403, "M_FORBIDDEN")


async def test_people_met_again_are_told_even_where_they_are_offline(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = (await conversation(world, anna, boris)).room
    await put(boris, presence="online")
    await tell_changes(world.commands)
    told, token = await sync(anna)
    assert told[boris.user]["presence"] == "online"
    (await boris.post(f"/rooms/{room}/leave")).ok()
    await put(boris, presence="offline")
    await tell_changes(world.commands)
    (await boris.post(f"/join/{room}")).ok()
    assert (await sync(anna, token))[0][boris.user]["presence"] == "offline"


async def test_ignored_people_are_not_told(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    await conversation(world, anna, boris, carla)
    ignored: dict[str, Any] = {"ignored_users": {boris.user: {}}}
    (await anna.put(f"/user/{anna.user}/account_data/m.ignored_user_list", ignored)).ok()
    told, token = await sync(anna)
    await put(boris, presence="online")
    await put(carla, presence="online")
    await tell_changes(world.commands)
    told, token = await sync(anna, token)
    assert told.keys() == {anna.user, carla.user}
    assert (await sync(anna))[0].keys() == {anna.user, carla.user}
    poll = await a_poll_that_waits(world, anna, token)
    await put(boris, presence="unavailable")
    await tell_changes(world.commands)
    await status(anna, anna.user)
    assert poll.is_waiting
    await poll.hang_up()


@pytest.mark.parametrize(
    ("wanted", "left"),
    [
        ({"not_senders": ["@boris:veche.test"]}, {"@anna:veche.test", "@carla:veche.test"}),
        ({"senders": ["@boris:veche.test"]}, {"@boris:veche.test"}),
        ({"types": []}, set()),
        ({"not_types": ["m.*"]}, set()),
        ({"limit": 0}, set()),
        ({"limit": 1}, {"@carla:veche.test"}),
    ],
)
async def test_a_filter_chooses_who_is_told(world: World, wanted: Content, left: set[str]) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    await conversation(world, anna, boris, carla)
    chosen = json.dumps({"presence": wanted})
    token = (await sync(anna, filter=chosen))[1]
    for person in (anna, boris, carla):
        await put(person, presence="online")
        await tell_changes(world.commands)
    assert (await sync(anna, token, filter=chosen))[0].keys() == left
    assert (await sync(anna, filter=chosen))[0].keys() == left


async def test_after_a_restart_nobody_is_taken_for_online_who_is_not(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    await conversation(world, anna, boris, carla)
    for person in (anna, boris):
        await put(person, presence="online")
    await tell_changes(world.commands)
    told, token = await sync(anna)
    assert told[boris.user]["presence"] == "online"
    await world.restart()
    told, token = await sync(anna, token)
    assert {user: content["presence"] for user, content in told.items()} == {
        anna.user: "offline",
        boris.user: "offline",
        carla.user: "offline",
    }
    await tell_changes(world.commands)
    assert (await sync(anna, token))[0].keys() == {anna.user}


@pytest.mark.parametrize(
    "body",
    [
        {"presence": "asleep"},
        {"presence": 1},
        {"presence": "online", "status_msg": 1},
        {"presence": "online", "org.veche.busy": "yes"},
        {"presence": "online", "org.veche.busy": True, "org.veche.until": "tomorrow"},
    ],
)
async def test_a_malformed_status_is_refused(world: World, body: object) -> None:
    anna = await world.person(ANNA)
    (await anna.put(f"/presence/{anna.user}/status", body)).refused(400, "M_BAD_JSON")


@pytest.mark.parametrize(
    "more",
    [
        {"status_msg": "x" * (LONGEST_TEXT + 1)},
        {"status_msg": "nu\x00l"},
        {"org.veche.until": 4_000_000_000_000},
        {"org.veche.busy": False, "org.veche.until": 4_000_000_000_000},
        {"org.veche.busy": True, "org.veche.until": 1},
        {"org.veche.busy": True, "org.veche.until": 2**53},
    ],
)
async def test_a_status_that_cannot_be_is_refused(world: World, more: Content) -> None:
    anna = await world.person(ANNA)
    body = {"presence": "online", **more}
    (await anna.put(f"/presence/{anna.user}/status", body)).refused(400, "M_INVALID_PARAM")
    assert await status(anna, anna.user) == {"presence": "offline"}


async def test_nobody_sets_the_status_of_another(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    (await anna.put(f"/presence/{boris.user}/status", {"presence": "offline"})).refused(403, "M_FORBIDDEN")
    (await anna.put(f"/presence/{anna.user}/status", {})).refused(400, "M_MISSING_PARAM")


@pytest.mark.settings(presence="off")
async def test_where_presence_is_off_nobody_is_online(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    await conversation(world, anna, boris)
    token = (await sync(anna))[1]
    await put(boris, presence="online", status_msg="here")
    await tell_changes(world.commands)
    assert await status(anna, boris.user) == {"presence": "offline"}
    assert (await sync(anna))[0] == (await sync(anna, token))[0] == {}
    await world.restart()
    assert (await sync(anna, token))[0] == {}
    (await anna.put(f"/presence/{boris.user}/status", {"presence": "offline"})).refused(403, "M_FORBIDDEN")


async def test_closing_an_account_takes_its_status_along(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    await conversation(world, anna, boris)
    await put(boris, presence="online", status_msg="goodbye")
    assert world.queries.live.presence.find(boris.user) is not None
    auth = {"type": "m.login.password", "user": boris.user, "password": "boris's own password"}
    (await boris.post("/account/deactivate", {"auth": auth, "erase": True})).ok()
    assert world.queries.live.presence.find(boris.user) is None
    rows = await world.queries.reader.run(lambda at: at.all("SELECT user_id FROM presence"))
    assert (boris.user,) not in rows


async def test_very_many_changes_are_told_like_few(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MOST_ASKED_FOR", 1)
    monkeypatch.setattr(stream, "MOST_SHARED", 0)
    anna, boris, carla, dmitri = await world.people(ANNA, BORIS, CARLA, DMITRI)
    await conversation(world, anna, boris, carla)
    await sync(anna)
    await tell_changes(world.commands)
    since = (await sync(anna))[1]
    for person in (boris, carla, dmitri):
        await put(person, presence="online")
    await tell_changes(world.commands)
    assert (await sync(anna, since))[0].keys() == {boris.user, carla.user}
    (await anna.put(f"/user/{anna.user}/account_data/org.veche.note", {})).ok()
    assert (await sync(anna, since))[0].keys() == {boris.user, carla.user}, "the same from the database"


async def test_a_token_of_the_future_is_told_of_everybody(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    await conversation(world, anna, boris)
    position, rest = (await sync(anna))[1].removeprefix("s").split(".", 1)
    told, token = await sync(anna, f"s{int(position) + 1_000}.{rest}")
    assert told.keys() == {anna.user, boris.user}, "the database was put back from a copy; who knows what Anna believes"
    assert (await sync(anna, token))[0] == {}


async def test_whom_a_new_feed_ignores_is_read_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    await conversation(world, anna, boris, carla)
    ignored: dict[str, Any] = {"ignored_users": {boris.user: {}}}
    (await anna.put(f"/user/{anna.user}/account_data/m.ignored_user_list", ignored)).ok()
    await put(anna, presence="unavailable")
    await tell_changes(world.commands)
    since = (await sync(anna, set_presence="offline"))[1]
    for person in (boris, carla):
        await put(person, presence="online")
    await tell_changes(world.commands)
    live = world.queries.live.notifier
    with monkeypatch.context() as crowded:
        crowded.setattr(notifier, "MOST_FEEDS", 1)
        for _ in range(3):
            live.open(UserId("@dmitri:veche.test"), {}, live.head)
            live.open(UserId("@elena:veche.test"), {}, live.head)
    assert live.feed(anna.user) is None
    assert (await sync(anna, since, set_presence="offline"))[0].keys() == {carla.user}
