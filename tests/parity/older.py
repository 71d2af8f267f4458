"""What clients from before ``/sync`` read, compared with the log: the stream of events, and everything at once."""

from tests.parity.client import Differs, Event, Shape
from tests.parity.truth import leaving, passing, raw_log, visible_log
from tests.stage.people import Person
from tests.stage.world import World
from veche.domain.ids import UserId
from veche.domain.timeline import Event as Stored
from veche.storage import rooms
from veche.storage.reader import Snapshot
from veche.storage.rooms import Membership


async def compare_older(world: World, person: Person, ignored: set[str]) -> None:
    """Read the whole stream of events and the initial sync of a person; each has to hold all they may see, once."""
    true = await world.queries.reader.run(lambda at: _stream(at, person.user, ignored))
    streamed = await _read_all(person)
    if streamed != true:
        raise Differs(f"the stream of {person.user}\n  held: {streamed}\n  true: {true}")
    whole = (await person.get("/initialSync", limit=1000, archived="true")).ok()
    for told in whole["rooms"]:
        if told["membership"] == "join":
            held = _ids(told["messages"]["chunk"])
            if held != [event for event in true if event in set(held)]:
                raise Differs(f"{person.user} is told of {told['room_id']} what is not in the stream: {held}")
            state = (await person.get(f"/rooms/{told['room_id']}/state")).ok()
            if sorted(_ids(told["state"])) != sorted(_ids(state)):
                raise Differs(f"the state of {told['room_id']} for {person.user}")


async def _read_all(person: Person) -> list[str]:
    """Read from the beginning to the end, a page at a time."""
    found: list[str] = []
    token = "0"
    while chunk := (page := (await person.get("/events", **{"from": token})).ok())["chunk"]:
        found += _ids(chunk)
        token = page["end"]
    return found


def _ids(events: list[Event]) -> list[str]:
    return [event["event_id"] for event in events]


def _stream(at: Snapshot, user: UserId, ignored: set[str]) -> list[str]:
    found: list[Stored] = []
    for member in rooms.memberships_of(at, user):
        found += _of_room(raw_log(at, member.room_id), member, ignored)
    return [event.event_id for event in sorted(found, key=lambda event: event.position)]


def _of_room(log: list[Stored], member: Membership, ignored: set[str]) -> list[Stored]:
    """What the stream tells of a room: all that is visible, and to those outside only until they left."""
    seen = passing(visible_log(log, member.user_id), Shape(), ignored)
    if member.membership == "join":
        return seen
    [own] = [event for event in log if event.position == member.position]
    if member.membership == "invite" and own.sender in ignored:
        return []
    left_at = 0 if member.is_forgotten else leaving(log, member.user_id, member.position)
    return [event for event in seen if event.position <= left_at and event is not own] + [own]
