"""Reports at the door: what may be reported, what is kept of it, and how administrators read and close it."""

from typing import Any

import pytest

from tests.cast import ANNA, BORIS, CARLA, ELENA
from tests.stage.rooms import come, found, log, redact, relate, say
from tests.stage.world import Person, World

REPORTS = "/_veche/v1/reports"


async def listed(person: Person, **query: Any) -> list[dict[str, Any]]:
    """Reports as an administrator reads them."""
    return list((await person.get(REPORTS, **query)).ok()["reports"])


async def test_an_event_is_kept_as_it_was(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    elena = await world.person(ELENA, role="administrator")
    room = await found(anna, boris)
    said = await say(anna, room, "rude")
    await relate(anna, room, said, "m.replace", "ruder")
    await relate(anna, room, said, "m.replace", "rudest")
    path = f"/rooms/{room}/report/{said}"
    assert (await boris.post(path, {"reason": "not nice", "score": -100})).ok() == {}
    await redact(anna, room, said)
    (one,) = await listed(elena)
    assert one["number"] == 1
    assert (one["kind"], one["room_id"], one["event_id"], one["user_id"]) == ("event", room, said, anna.user)
    assert (one["reporter"], one["reason"], one["score"], one["state"]) == (boris.user, "not nice", -100, "open")
    whole = (await elena.get(f"{REPORTS}/1")).ok()
    assert whole["report"] == one
    assert [event["content"]["body"] for event in whole["events"]] == ["rude", "rudest"]
    assert whole["events"][0]["room_id"] == room
    assert whole["is_redacted"]


async def test_of_edits_the_newest_that_the_reporter_may_read_is_kept(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    elena = await world.person(ELENA, role="administrator")
    state = [{"type": "m.room.history_visibility", "content": {"history_visibility": "joined"}}]
    room = await found(anna, boris, initial_state=state, preset="public_chat")
    said = await say(anna, room, "rude")
    await relate(anna, room, said, "m.replace", "ruder")
    (await boris.post(f"/rooms/{room}/leave")).ok()
    await relate(anna, room, said, "m.replace", "rudest")
    (await boris.post(f"/join/{room}")).ok()
    bundled = (await boris.get(f"/rooms/{room}/event/{said}")).ok()["unsigned"]["m.relations"]["m.replace"]
    (await boris.post(f"/rooms/{room}/report/{said}")).ok()
    kept = (await elena.get(f"{REPORTS}/1")).ok()["events"]
    assert [event["event_id"] for event in kept] == [said, bundled["event_id"]]
    assert [event["content"]["body"] for event in kept] == ["rude", "ruder"]


async def test_only_members_report_what_they_see(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    elena = await world.person(ELENA, role="administrator")
    state = [{"type": "m.room.history_visibility", "content": {"history_visibility": "joined"}}]
    room = await found(anna, preset="public_chat", initial_state=state)
    early = await say(anna, room, "early")
    await come(anna, boris, room)
    late = await say(anna, room, "late")
    other = await found(boris)
    refused = [
        (await boris.post(f"/rooms/{room}/report/{early}", {"reason": "x"})),
        (await carla.post(f"/rooms/{room}/report/{late}", {"reason": "x"})),
        (await boris.post(f"/rooms/{other}/report/{late}", {"reason": "x"})),
        (await boris.post(f"/rooms/!no:veche.test/report/{late}", {"reason": "x"})),
        (await boris.post(f"/rooms/{room}/report/$nothing", {"reason": "x"})),
    ]
    assert len({str(answer.refused(404, "M_NOT_FOUND")) for answer in refused}) == 1
    assert await listed(elena) == []
    (await boris.post(f"/rooms/{room}/report/{late}")).ok()
    (await boris.post(f"/rooms/{room}/leave")).ok()
    (await boris.post(f"/rooms/{room}/report/{late}")).refused(404, "M_NOT_FOUND")
    assert [one["reason"] for one in await listed(elena)] == [""]


async def test_rooms_and_people_without_telling_which_exist(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    elena = await world.person(ELENA, role="administrator")
    room = await found(anna)
    before = len(await log(anna, room))
    for path in (f"/rooms/{room}", "/rooms/!no:veche.test", f"/users/{anna.user}", "/users/@no:veche.test", "/users/x"):
        assert (await boris.post(f"{path}/report", {"reason": "why"})).ok() == {}
        (await boris.post(f"{path}/report", {})).refused(400, "M_MISSING_PARAM")
        (await boris.post(f"{path}/report", {"reason": 1})).refused(400, "M_BAD_JSON")
        (await boris.post(f"{path}/report", {"reason": "x" * 2001})).refused(400, "M_INVALID_PARAM")
        (await boris.post(f"{path}/report", {"reason": "\x00"})).refused(400, "M_INVALID_PARAM")
    assert [(one["kind"], one["room_id"], one["user_id"]) for one in await listed(elena)] == [
        ("user", None, anna.user),
        ("room", room, None),
    ]
    assert (await elena.get(f"{REPORTS}/1")).ok()["events"] == []
    assert len(await log(anna, room)) == before


async def test_the_same_again_replaces_the_reason_while_it_is_open(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    elena = await world.person(ELENA, role="administrator")
    for reason in ("first", "second"):
        (await anna.post(f"/users/{boris.user}/report", {"reason": reason})).ok()
    (await boris.post(f"/users/{boris.user}/report", {"reason": "myself"})).ok()
    assert [one["reason"] for one in await listed(elena)] == ["myself", "second"]
    (await elena.post(f"{REPORTS}/1/close", {"note": "talked to him"})).ok()
    (await anna.post(f"/users/{boris.user}/report", {"reason": "again"})).ok()
    assert [(one["number"], one["state"]) for one in await listed(elena)] == [(3, "open"), (2, "open"), (1, "closed")]


async def test_reading_and_closing(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    elena = await world.person(ELENA, role="administrator")
    rooms = [await found(anna) for _ in range(5)]
    for room in rooms:
        (await boris.post(f"/rooms/{room}/report", {"reason": "why"})).ok()
    (await boris.post(f"/users/{anna.user}/report", {"reason": "why"})).ok()
    (await elena.post(f"{REPORTS}/2/close", {"note": "seen to"})).ok()
    (await elena.post(f"{REPORTS}/2/close", {"note": "twice"})).refused(403, "M_BAD_STATE")
    (await elena.post(f"{REPORTS}/7/close")).refused(404, "M_NOT_FOUND")
    (await elena.get(f"{REPORTS}/x")).refused(404, "M_NOT_FOUND")
    closed = (await elena.get(f"{REPORTS}/2")).ok()["report"]
    assert (closed["state"], closed["closed_by"], closed["note"]) == ("closed", elena.user, "seen to")
    assert closed["closed_ts"] >= closed["ts"]
    for query, expected in (
        ({}, [6, 5, 4, 3, 2, 1]),
        ({"state": "open"}, [6, 5, 4, 3, 1]),
        ({"state": "closed"}, [2]),
        ({"kind": "user"}, [6]),
        ({"kind": "event"}, []),
        ({"room_id": rooms[2]}, [3]),
        ({"user_id": anna.user}, [6]),
        ({"from": 4, "limit": 2}, [3, 2]),
    ):
        assert [one["number"] for one in await listed(elena, **query)] == expected, query
    page = (await elena.get(REPORTS, limit=4)).ok()
    rest = (await elena.get(REPORTS, limit=4, **{"from": page["next_batch"]})).ok()
    assert [one["number"] for one in (*page["reports"], *rest["reports"])] == [6, 5, 4, 3, 2, 1]
    assert "next_batch" not in rest
    act = (await elena.get("/_veche/v1/audit")).ok()["acts"][0]
    assert (act["what"], act["whom"], act["reason"]) == ("close report", rooms[1], "seen to")
    assert act["details"] == {"number": 2, "kind": "room"}
    for path in (REPORTS, f"{REPORTS}/1"):
        (await anna.get(path)).refused(403, "M_FORBIDDEN")
    (await anna.post(f"{REPORTS}/1/close")).refused(403, "M_FORBIDDEN")


@pytest.mark.settings(rate_limits="on")
async def test_reports_are_rate_limited(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    answers = [await anna.post(f"/users/{boris.user}/report", {"reason": "x"}) for _ in range(21)]
    assert [answer.status for answer in answers] == [*[200] * 20, 429]
    assert answers[-1].headers["retry-after"]


@pytest.mark.parametrize("score", ["-1", 1, -101, 0.5, True, None, {}])
async def test_a_score_that_is_none_is_passed_over(world: World, score: Any) -> None:
    anna = await world.person(ANNA)
    elena = await world.person(ELENA, role="administrator")
    room = await found(anna)
    said = await say(anna, room)
    (await anna.post(f"/rooms/{room}/report/{said}", {"score": score})).ok()
    assert (await listed(elena))[0]["score"] is None


async def test_those_who_are_suspended_report_too(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    elena = await world.person(ELENA, role="administrator")
    (await elena.put(f"/_veche/v1/accounts/{anna.user}/suspension", {})).ok()
    (await anna.post("/createRoom")).refused(403, "M_USER_SUSPENDED")
    (await anna.post(f"/users/{boris.user}/report", {"reason": "why"})).ok()
    assert [one["reporter"] for one in await listed(elena)] == [anna.user]
