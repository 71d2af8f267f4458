"""Who may read a file, and who may remove it (docs/decisions/0017).

A file is read by its owner, by all where it is in a profile, by those joined to a room who see an event that refers
to it, by those who are shown a room with its picture, and, as long as its owner has not referred to it, by those in the
rooms that the owner was in since uploading it.
"""

from collections.abc import Collection, Iterable
from typing import Protocol

import msgspec

from veche.domain.directory.summaries import Face, may_preview
from veche.domain.ids import Position, RoomId, UserId
from veche.domain.media.records import NO_FILE, File
from veche.domain.moderation import may_take_part
from veche.domain.refusals import Refusal
from veche.domain.sessions import Asker
from veche.domain.visibility import Changes, Range, visible_ranges


class Stay(msgspec.Struct, frozen=True):
    """A room that somebody is joined to, with the history of its visibility and of their membership."""

    room: RoomId
    visibility: Changes
    membership: Changes


class Shown(msgspec.Struct, frozen=True):
    """A room that has the file as its picture now: its open face, and how the person stands to it."""

    face: Face
    membership: str | None


class Standing(Protocol):
    """How one file and one person stand to each other; each thing is looked up only when it is asked for."""

    @property
    def head(self) -> Position:
        """The newest position."""

    def is_in_a_profile(self) -> bool:
        """Say whether it is the picture of a profile."""

    def is_in_the_open(self) -> bool:
        """Say whether the world may read an event of it, or the directory shows it as a room's picture."""

    def is_told_at_a_door(self) -> bool:
        """Say whether it is the picture of a room, or of a member, at whose door the person stands."""

    def came_since_joining(self) -> bool:
        """Say whether an event of it was sent to a room that the person has been in ever since."""

    def stays(self) -> Iterable[Stay]:
        """Return the rooms with events of it that the person is joined to now."""

    def is_within(self, room: RoomId, part: Range) -> bool:
        """Say whether an event of it stands in that part of a room's log."""

    def pictures(self) -> Iterable[Shown]:
        """Return the rooms that have it as their picture now."""

    def own_rooms(self) -> Collection[RoomId]:
        """Return the rooms that the person is joined to."""

    def owner_was_near(self, since: int) -> bool:
        """Say whether the person is joined to a room in which its owner is, or was at that time or later."""


def may_read(file: File | None, user: UserId, standing: Standing, now: int) -> Refusal | None:
    """Say whether ``user`` may read a file; the refusal is the same for whatever reason."""
    if file is None or not user or not file.is_there(now):
        return NO_FILE
    if file.owner == user or standing.came_since_joining() or standing.is_in_a_profile() or standing.is_in_the_open():
        return None
    if file.is_loose and standing.owner_was_near(file.created_ts):
        return None
    if standing.is_told_at_a_door() or any(_is_seen(standing, stay) for stay in standing.stays()):
        return None
    return None if any(_is_previewed(standing, shown) for shown in standing.pictures()) else NO_FILE


def may_remove(file: File | None, asker: Asker, now: int) -> Refusal | None:
    """Say whether somebody may remove a file: its owner, and the server's administrators."""
    if file is None or not file.is_there(now) or not (asker.user == file.owner or asker.role == "administrator"):
        return NO_FILE
    return None if asker.user == file.owner else may_take_part(asker)


def _is_previewed(standing: Standing, shown: Shown) -> bool:
    """Say whether somebody outside a room is shown it, with its picture."""
    return may_preview(shown.face, shown.membership, standing.own_rooms())


def _is_seen(standing: Standing, stay: Stay) -> bool:
    """Say whether a joined person may see one of the file's events: what was before them is seen as the room allows."""
    ranges = visible_ranges(stay.visibility, stay.membership, standing.head)
    return any(standing.is_within(stay.room, part) for part in ranges)
