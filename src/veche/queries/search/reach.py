"""Whose rooms are searched: those the asker is in, and those they have left, as far as they may read them."""

from veche.domain.account_data import RoomEventFilter
from veche.domain.ids import RoomId, UserId
from veche.queries.timeline.sight import Hearing, Sight
from veche.storage import rooms
from veche.storage.rows import Rows
from veche.storage.search import ALL, Match, Named, SearchIndex


class Reach:
    """What one person may find at one moment. Rooms they have forgotten, or never were in, are not in it.

    ``rooms`` are theirs by the index's number; ``share`` is about which part of all documents is in these.
    """

    def __init__(self, at: Rows, index: SearchIndex, user: UserId, filter: RoomEventFilter) -> None:
        known = [one for one in rooms.memberships_of(at, user) if not one.is_forgotten]
        hearing = Hearing(at, user)
        self.sights = {
            one.room_id: Sight(at, one.room_id, user, one.since if one.membership == "join" else None, hearing)
            for one in known
            if filter.passes_room(one.room_id)
        }
        self._joined = {one.room_id for one in known if one.membership == "join"}
        self._were_in: dict[RoomId, bool] = {}
        self.ignored = hearing.ignored
        known_names = index.numbers_of(sorted((*self.sights, ALL)))
        documents = known_names.pop(ALL, Named(0, 0)).documents
        self.rooms = {named.number: RoomId(name) for name, named in known_names.items()}
        self.share = sum(named.documents for named in known_names.values()) / max(1, documents)
        erased = index.numbers_of(sorted(hearing.erased))
        self._erased = {named.number: UserId(name) for name, named in erased.items()}
        unwanted = index.numbers_of(sorted({*self.ignored, *filter.not_senders}))
        self._unwanted = {named.number for named in unwanted.values()}

    def has(self, match: Match) -> bool:
        """Say whether the asker may find this: they see the event, and the edit that gave it its text."""
        room = self.rooms.get(match.room)
        if room is None or match.sender in self._unwanted or not self._was_in(room):
            return False
        sight, erased = self.sights[room], self._erased.get(match.sender)
        if erased is not None and sight.lacks_words_by(erased):
            return False
        return sight.sees(match.position) and (match.source == match.position or sight.sees(match.source))

    def sight(self, match: Match) -> Sight:
        """Return the asker's view of the room of something that they may find."""
        return self.sights[self.rooms[match.room]]

    def _was_in(self, room: RoomId) -> bool:
        """Whoever was only ever invited, or has knocked, finds nothing there."""
        if room in self._joined:
            return True
        if room not in self._were_in:
            self._were_in[room] = self.sights[room].last_stay is not None
        return self._were_in[room]
