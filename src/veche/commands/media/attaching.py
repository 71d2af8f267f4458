"""Attaching: what refers to a file decides who may read it. Called by whatever appends, redacts or shows.

Only somebody who may read a file at that moment can attach it: a stranger's event gives nobody anything.
"""

from typing import Any, Final

from veche.domain.events import AVATAR, HISTORY_VISIBILITY, MEMBER, RoomState
from veche.domain.ids import UserId, server_of
from veche.domain.media import File, files_named_in, may_read, media_id_of, names_files
from veche.domain.timeline import Event
from veche.storage.media import FileStanding, files
from veche.storage.media import attachments as rows
from veche.storage.media.attachments import Kind
from veche.storage.writer import Transaction

_KINDS: Final[dict[tuple[str, bool], Kind]] = {(AVATAR, True): "room", (MEMBER, True): "member"}


def attach_to_event(tx: Transaction, state: RoomState, event: Event) -> None:
    """Attach the files that an event's bytes name and its sender may read to the event's place in its room."""
    for file in files.find_all(tx, files_named_in(event.json, server_of(event.sender))):
        if _may_attach(tx, file, event.sender, event.ts):
            kind = _KINDS.get((event.type, event.state_key is not None), "")
            place, is_own = (event.room_id, event.position), file.owner == event.sender
            rows.attach_to_event(tx, file.media_id, *place, kind, is_own=is_own, is_open=_is_open(state, event))


def detach_from_event(tx: Transaction, event: Event, now: int) -> None:
    """Detach what a redacted event referred to; a file that its owner showed nowhere else is removed."""
    if not names_files(event.json):
        return
    for media_id in rows.detach_from_event(tx, event.position):
        _remove_unless_shown(tx, files.find(tx, media_id), now)


def show_in_profile(tx: Transaction, user: UserId, picture: Any, now: int) -> None:
    """Attach the picture of somebody's profile, an address or None, in the place of the earlier one."""
    media_id = media_id_of(picture, server_of(user))
    if media_id is not None and rows.in_profile(tx, user) == media_id:
        return
    earlier = rows.detach_from_profile(tx, user)
    file = files.find(tx, media_id) if media_id is not None else None
    if file is not None and _may_attach(tx, file, user, now):
        rows.attach_to_profile(tx, user, file.media_id)
    if earlier is not None:
        _remove_unless_shown(tx, files.find(tx, earlier), now)


def _may_attach(tx: Transaction, file: File, user: UserId, now: int) -> bool:
    """Say whether somebody may refer to a file, and note where it is its owner who does."""
    if may_read(file, user, FileStanding(tx, file, user), now) is not None:
        return False
    if file.is_loose and file.owner == user:
        files.bind(tx, file.media_id)
    return True


def _is_open(state: RoomState, event: Event) -> bool:
    """Say whether the world may read an event."""
    setting = state.get(HISTORY_VISIBILITY)
    return setting is not None and setting.content.get("history_visibility") == "world_readable"


def _remove_unless_shown(tx: Transaction, file: File | None, now: int) -> None:
    """Remove a file that its owner shows no longer, whoever else refers to it. One never shown is not touched.

    Otherwise whoever may read a file could destroy it, by referring to it and taking that back; or keep it for good
    from being taken back, by referring to it.
    """
    if file is None or file.removed_ts is not None or file.is_loose:
        return
    if rows.is_shown_by_owner(tx, file.media_id, file.owner):
        return
    files.remove(tx, file, now, "no longer shown")
