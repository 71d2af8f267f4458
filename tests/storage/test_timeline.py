"""What the newest edit of an event is, at one moment or another."""

import math

from tests.cast import ANNA
from tests.stage.rooms import found, redact, relate, say
from tests.stage.world import World
from veche.domain.ids import EventId, Position
from veche.storage import timeline
from veche.storage.engines import Engine
from veche.storage.reader import Snapshot


async def test_the_newest_edit_of_a_moment(world: World, engine: Engine) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    changed, left = [await say(anna, room, text) for text in ("pelican", "stork")]
    edits = [await relate(anna, room, changed, "m.replace", f"heron {number}") for number in range(3)]
    await relate(anna, room, changed, "m.reference", "crane")
    await redact(anna, room, edits[2])
    source = engine.connect(writes=False)
    at = Snapshot(source, math.inf)
    told = list(timeline.find_all(at, [changed, left]).values())
    first, second = sorted(edit.position for edit in timeline.find_all(at, [EventId(e) for e in edits[:2]]).values())
    for until, expected in ((first - 1, None), (first, first), (second - 1, first), (at.position, second)):
        pairs = timeline.as_edited(at, told, Position(until))
        assert {event.event_id: edit.position if edit else None for event, edit in pairs} == {
            changed: expected,
            left: None,
        }
        newest = timeline.newest_edits(at, [changed, left], Position(until))
        assert newest == ({changed: expected} if expected else {})
    source.close()
