"""Reporting events, rooms and people to administrators, and closing such reports (section Reporting Content)."""

from veche.commands.context import Context
from veche.commands.operation import note_act
from veche.domain.accounts import may_administer
from veche.domain.events import HISTORY_VISIBILITY, MEMBER
from veche.domain.ids import EventId, Position, RoomId, UserId
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
from veche.domain.visibility import is_visible, visible_ranges
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
        event = _seen(tx, asker, room, event_id)
        if event is None:
            raise Refused(NO_EVENT)
        kept = _as_read(tx, asker, event)
        new = NewReport("event", reason, room, event_id, event.sender, score_from(score), kept)
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


def _seen(rows: Rows, asker: Asker, room: RoomId, event_id: EventId) -> Event | None:
    """Return an event of a room that the asker is joined to, where they may read it."""
    membership = rooms.membership(rows, room, asker.user)
    if membership is None or membership.membership != "join":
        return None
    event = timeline.find(rows, room, event_id)
    return event if event is not None and _may_read(rows, asker, event) else None


def _may_read(rows: Rows, asker: Asker, event: Event) -> bool:
    visibility = rooms.changes_of(rows, event.room_id, HISTORY_VISIBILITY, "")
    stays = rooms.changes_of(rows, event.room_id, MEMBER, asker.user)
    ranges = visible_ranges(
        [(at, str(content.get("history_visibility", ""))) for at, content in visibility],
        [(at, str(content.get("membership", ""))) for at, content in stays],
        rows.position,
    )
    return is_visible(ranges, event.position)


def _as_read(rows: Rows, asker: Asker, event: Event) -> bytes:
    """Return the event and the newest edit of it: what they saw is what they report.

    Whoever may read an event and is in the room may read what was made of it later.
    """
    start = Position(0)
    edits = timeline.descendants(rows, event.event_id, 1, "m.replace", None, start, rows.position, 1, newest_first=True)
    found = timeline.find_all(rows, [edit.event_id for edit in edits])
    seen = [edit for edit in found.values() if _may_read(rows, asker, edit)]
    return b"[%b]" % b",".join(client_json(one, b"{}", with_room=True) for one in (event, *seen))
