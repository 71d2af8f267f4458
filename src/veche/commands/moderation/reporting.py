"""Reporting events, rooms and people to administrators, and closing such reports (section Reporting Content)."""

from veche.commands.context import Context
from veche.commands.operation import note_act
from veche.domain.accounts import may_administer
from veche.domain.events import HISTORY_VISIBILITY, MEMBER
from veche.domain.ids import EventId, RoomId, UserId
from veche.domain.moderation import (
    CLOSED_ALREADY,
    NO_EVENT,
    NO_REPORT,
    NewReport,
    may_be_report,
    score_from,
)
from veche.domain.refusals import Refused, refuse
from veche.domain.sessions import Asker
from veche.domain.timeline import Event, client_json
from veche.domain.visibility import Range, is_visible, visible_ranges
from veche.storage import accounts, moderation, rooms, timeline
from veche.storage.rows import Rows
from veche.storage.writer import Transaction


async def report_event(
    ctx: Context, asker: Asker, room: RoomId, event_id: EventId, reason: str, score: object = None
) -> None:
    """Report an event as the asker can read it now; it is kept with the report.

    Raises 404 in the same words for events that are not there, that the asker may not see, and for whoever is not
    joined to the room. Reporting the same again replaces the reason, as long as the first report is open.
    """
    refuse(may_be_report(reason))

    def work(tx: Transaction) -> None:
        read = _as_read(tx, asker, room, event_id)
        if not read:
            raise Refused(NO_EVENT)
        kept = b"[%b]" % b",".join(client_json(one, b"{}", with_room=True) for one in read)
        new = NewReport("event", reason, room, event_id, read[0].sender, score_from(score), kept)
        moderation.add_report(tx, ctx.clock(), asker.user, new)

    await ctx.writer.run(work)


async def report_room(ctx: Context, asker: Asker, room: RoomId, reason: str) -> None:
    """Report a room, joined or not. Of rooms that do not exist nobody learns it here: nothing is kept of that."""
    refuse(may_be_report(reason))

    def work(tx: Transaction) -> None:
        if rooms.find(tx, room) is not None:
            moderation.add_report(tx, ctx.clock(), asker.user, NewReport("room", reason, room))

    await ctx.writer.run(work)


async def report_user(ctx: Context, asker: Asker, user: UserId, reason: str) -> None:
    """Report somebody, met or not. Of people who are not here nobody learns it: nothing is kept of that."""
    refuse(may_be_report(reason))

    def work(tx: Transaction) -> None:
        if accounts.find(tx, user) is not None:
            moderation.add_report(tx, ctx.clock(), asker.user, NewReport("user", reason, user=user))

    await ctx.writer.run(work)


async def close_report(ctx: Context, asker: Asker, number: int, note: str = "") -> None:
    """Close a report with a note; for administrators. Raises 404 where there is none, 403 where it is closed."""
    refuse(may_administer(asker))

    def work(tx: Transaction) -> None:
        report = moderation.find_report(tx, number)
        if report is None:
            raise Refused(NO_REPORT)
        if report.state == "closed":
            raise Refused(CLOSED_ALREADY)
        about = report.user_id or report.room_id
        note_act(tx, ctx, asker, "close report", about, reason=note, number=number, kind=report.kind)
        moderation.close_report(tx, number, ctx.clock(), asker.user, note)

    await ctx.writer.run(work)


def _as_read(rows: Rows, asker: Asker, room: RoomId, event_id: EventId) -> list[Event]:
    """Return an event and the newest edit of it, as far as whoever is joined to the room may read them.

    Nothing is returned where the event itself may not be read. Who left and came back may have missed the last edit.
    """
    membership = rooms.membership(rows, room, asker.user)
    if membership is None or membership.membership != "join":
        return []
    ranges = _ranges(rows, room, asker.user)
    event = timeline.find(rows, room, event_id)
    if event is None or not is_visible(ranges, event.position):
        return []
    edits = timeline.children(rows, [event_id], ("m.replace",), rows.position)
    seen = [edit.position for edit in edits if is_visible(ranges, edit.position)]
    return [event, *timeline.at_positions(rows, seen[-1:])]


def _ranges(rows: Rows, room: RoomId, user: UserId) -> list[Range]:
    visibility = rooms.values_of(rows, room, HISTORY_VISIBILITY, "", "history_visibility")
    stays = rooms.values_of(rows, room, MEMBER, user, "membership")
    return visible_ranges(visibility, stays, rows.position)
