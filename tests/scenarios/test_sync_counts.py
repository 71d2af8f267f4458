"""Unread counts by one's own rules: what is remembered of them agrees with what the database says after a restart."""

import json
from typing import Any

from tests.cast import ANNA, BORIS, CARLA
from tests.scenarios.test_sync_state import room_of, sync
from tests.stage.people import Person, Town

LUNCH = {"pattern": "lunch", "actions": ["notify", {"set_tweak": "highlight"}]}


async def counts(person: Person, room: str, since: str | None = None) -> tuple[int, int, str]:
    """Return (notifications, highlights, next token) of a room as a sync tells them."""
    answer = await sync(person, since)
    told = answer["rooms"]["join"][room]["unread_notifications"]
    return told["notification_count"], told["highlight_count"], answer["next_batch"]


async def speak(person: Person, room: str, text: str) -> str:
    """Say something; return the event's id."""
    content: dict[str, Any] = {"msgtype": "m.text", "body": text, "m.mentions": {}}
    event: str = (await person.put(f"/rooms/{room}/send/m.room.message/{text.split()[0]}", content)).ok()["event_id"]
    return event


async def test_a_loud_word_that_was_redacted_is_loud_no_more(world: Town) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await room_of(anna, boris)
    (await boris.put("/pushrules/global/content/lunch", LUNCH)).ok()
    event = await speak(anna, room, "Time for lunch")
    *before, since = await counts(boris, room)
    assert before == [1, 1]
    (await anna.put(f"/rooms/{room}/redact/{event}/r", {})).ok()
    *after, _ = await counts(boris, room, since)
    await world.restart()
    assert after == [*(await counts(boris, room))[:2]]
    assert after[1] == 0


async def test_rules_that_ask_for_the_size_of_a_room_follow_it(world: Town) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    room = await room_of(anna, boris, carla)
    (await boris.put("/pushrules/global/underride/.m.rule.message/actions", {"actions": []})).ok()
    await speak(anna, room, "Hello there")
    *before, since = await counts(boris, room)
    assert before == [0, 0]
    (await carla.post(f"/rooms/{room}/leave")).ok()
    *after, _ = await counts(boris, room, since)
    await world.restart()
    first = {"room": {"timeline": {"limit": 1}}}
    full = (await boris.get("/sync", filter=json.dumps(first), timeout=0)).ok()["rooms"]["join"][room]
    assert after == [full["unread_notifications"][name] for name in ("notification_count", "highlight_count")]
