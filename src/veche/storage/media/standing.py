"""How a file and a person stand to each other: what the rule about reading files asks, looked up piece by piece."""

from collections.abc import Iterator

from veche.domain.directory.summaries import OPENNESS
from veche.domain.events import HISTORY_VISIBILITY, MEMBER
from veche.domain.ids import Position, RoomId, UserId
from veche.domain.media import File, Shown, Stay
from veche.domain.visibility import Range
from veche.storage import directory, rooms
from veche.storage.rows import Rows

_EVENT = "FROM media_in_rooms a JOIN memberships m ON m.room_id = a.room_id AND m.user_id = ?"
# The pictures that a room shows now: the event that refers to the file is still the state of its kind.
_SHOWN_NOW = (
    " JOIN events e ON e.position = a.position JOIN current_state s ON s.room_id = e.room_id AND s.type = e.type"
    " AND s.state_key = e.state_key AND s.position = e.position"
)


class FileStanding:
    """Answers from the rows of one moment."""

    def __init__(self, rows: Rows, file: File, user: UserId) -> None:
        self._rows = rows
        self._file = file
        self._user = user

    @property
    def head(self) -> Position:
        """The newest position."""
        return self._rows.position

    def is_in_a_profile(self) -> bool:
        """Say whether it is the picture of a profile."""
        return self._any(
            "SELECT 1 FROM media_in_profiles p JOIN profile_fields f ON f.user_id = p.user_id AND f.name = 'avatar_url'"
            " WHERE p.media_id = ? LIMIT 1",
            self._file.media_id,
        )

    def is_in_the_open(self) -> bool:
        """Say whether the world may read an event of it, or the directory shows it as a room's picture."""
        media_id = self._file.media_id
        return self._any(
            "SELECT 1 FROM media_in_rooms WHERE media_id = ? AND is_open = 1 LIMIT 1", media_id
        ) or self._any(
            "SELECT 1 FROM media_in_rooms a JOIN rooms r ON r.room_id = a.room_id AND r.is_public = 1"
            f"{_SHOWN_NOW} WHERE a.media_id = ? AND a.kind = 'room' LIMIT 1",
            media_id,
        )

    def is_told_at_a_door(self) -> bool:
        """Say whether a room shows it to the person, who is invited there or knocks."""
        return self._any(
            f"SELECT 1 {_EVENT}{_SHOWN_NOW} WHERE a.media_id = ? AND (a.kind = 'room' AND"
            " m.membership IN ('invite', 'knock') OR a.kind = 'member' AND m.membership = 'invite') LIMIT 1",
            self._user,
            self._file.media_id,
        )

    def came_since_joining(self) -> bool:
        """Say whether an event of it was sent to a room that the person has been in ever since."""
        return self._any(
            f"SELECT 1 {_EVENT} WHERE a.media_id = ? AND m.membership = 'join' AND a.position >= m.since_position"
            " LIMIT 1",
            self._user,
            self._file.media_id,
        )

    def stays(self) -> Iterator[Stay]:
        """Return the rooms with events of it that the person is joined to now, one after the other."""
        found = self._rows.all(
            f"SELECT DISTINCT a.room_id {_EVENT} WHERE a.media_id = ? AND m.membership = 'join'",
            self._user,
            self._file.media_id,
        )
        for (room,) in found:
            settings = rooms.values_of(self._rows, room, HISTORY_VISIBILITY, "", "history_visibility")
            yield Stay(room, settings, rooms.values_of(self._rows, room, MEMBER, self._user, "membership"))

    def pictures(self) -> Iterator[Shown]:
        """Return the rooms that have it as their picture now, one after the other."""
        found = self._rows.all(
            f"SELECT DISTINCT a.room_id FROM media_in_rooms a{_SHOWN_NOW} WHERE a.media_id = ? AND a.kind = 'room'",
            self._file.media_id,
        )
        for (room,) in found:
            face = directory.faces(self._rows, [room], OPENNESS).get(room, {})
            own = rooms.membership(self._rows, room, self._user)
            yield Shown(face, None if own is None else own.membership)

    def own_rooms(self) -> set[RoomId]:
        """Return the rooms that the person is joined to."""
        return {one.room_id for one in rooms.memberships_of(self._rows, self._user, "join")}

    def is_within(self, room: RoomId, part: Range) -> bool:
        """Say whether an event of it stands in that part of a room's log."""
        return self._any(
            "SELECT 1 FROM media_in_rooms WHERE media_id = ? AND room_id = ? AND position BETWEEN ? AND ? LIMIT 1",
            self._file.media_id,
            room,
            part.first,
            part.last,
        )

    def owner_was_near(self, since: int) -> bool:
        """Say whether the person is joined to a room in which its owner is, or was at that time or later."""
        return rooms.were_together(self._rows, self._user, self._file.owner, since)

    def _any(self, sql: str, *params: object) -> bool:
        return self._rows.one(sql, *params) is not None
