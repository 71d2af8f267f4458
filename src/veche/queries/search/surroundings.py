"""What is told around a result: the events before and after it, who wrote them, the room's state."""

import msgspec

from veche.domain.account_data import RoomEventFilter
from veche.domain.events import MEMBER
from veche.domain.ids import Position, UserId
from veche.domain.sessions import Asker
from veche.domain.timeline import Event, content_of
from veche.queries.search.wish import MOST_AROUND, Around, ContextWish, Profile
from veche.queries.timeline.paging import Page, keeps, page_back, page_forth
from veche.queries.timeline.reading import shown
from veche.queries.timeline.sight import Sight
from veche.storage import rooms, timeline
from veche.storage.rows import Rows


def around(at: Rows, sight: Sight, asker: Asker, event: Event, wish: ContextWish, now: int) -> Around:
    """Return what surrounds a result, through the asker's eyes."""
    keep = keeps(at, RoomEventFilter(), sight.ignored)
    most_before, most_after = max(0, min(wish.before, MOST_AROUND)), max(0, min(wish.after, MOST_AROUND))
    start = Position(event.position - 1)
    before = page_back(at, sight, start, most_before, keep) if most_before else Page([], start)
    after = page_forth(at, sight, event.position, most_after, keep) if most_after else Page([], None)
    newest = after.events[-1] if after.events else event
    return Around(
        str(before.end if before.end is not None else 0),
        str(newest.position),
        shown(at, sight, asker, before.events, now),
        shown(at, sight, asker, after.events, now),
        _profiles(at, [event, *before.events, *after.events], event.position) if wish.with_profiles else None,
    )


def state_of(at: Rows, sight: Sight, asker: Asker, now: int) -> list[msgspec.Raw]:
    """Return a room's state: the present one, or that of the moment when the asker left."""
    position = sight.state_position()
    if position == at.position:
        positions = rooms.current_positions(at, sight.room)
    else:
        positions = list(rooms.state_positions(at, sight.room, position).values())
    return shown(at, sight, asker, timeline.at_positions(at, positions), now)


def _profiles(at: Rows, events: list[Event], position: Position) -> dict[str, Profile]:
    """Return what those who wrote were called in the room when the result was written."""
    found: dict[UserId, Position] = {}
    for sender in {event.sender for event in events}:
        known = rooms.position_of(at, events[0].room_id, MEMBER, sender, position)
        if known is not None:
            found[sender] = known
    members = {event.state_key: content_of(event) for event in timeline.at_positions(at, list(found.values()))}
    return {user: _profile(members.get(user, {})) for user in found}


def _profile(content: dict[str, object]) -> Profile:
    name, picture = content.get("displayname"), content.get("avatar_url")
    is_file = isinstance(picture, str) and picture.startswith("mxc://")
    return Profile(name if isinstance(name, str) else None, str(picture) if is_file else None)
