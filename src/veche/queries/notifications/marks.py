"""How far somebody has read each of their rooms, as their unread counts see it."""

import msgspec

from veche.domain.ids import Position, RoomId, UserId
from veche.domain.receipts import UNTHREADED
from veche.domain.timeline import Event
from veche.storage import receipts, rooms
from veche.storage.rows import Rows


class _Room(msgspec.Struct, frozen=True):
    """Since when somebody is joined (None: they are not), and their marks by thread."""

    since: Position | None
    marks: dict[tuple[RoomId, str], Position]


class Marks:
    """One person's read marks at one moment; a room's are read when first asked for."""

    def __init__(self, rows: Rows, user: UserId) -> None:
        self._rows = rows
        self._user = user
        self._rooms: dict[RoomId, _Room] = {}

    def is_read(self, event: Event) -> bool:
        """Say whether an event does not count as unread (any more): read, or from before they were in the room."""
        room = self._rooms.get(event.room_id) or self._read(event.room_id)
        if room.since is None:
            return False
        marks = (room.since, *(room.marks.get((event.room_id, name), 0) for name in (event.thread, UNTHREADED)))
        return event.position <= max(marks)

    def _read(self, room: RoomId) -> _Room:
        membership = rooms.membership(self._rows, room, self._user)
        since = membership.since if membership is not None and membership.membership == "join" else None
        found = _Room(since, receipts.marks_in(self._rows, self._user, [room]) if since is not None else {})
        self._rooms[room] = found
        return found
