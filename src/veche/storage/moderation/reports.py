"""Reports: what people reported, and who closed it, as rows."""

from typing import Any

from veche.domain.ids import UserId
from veche.domain.moderation import NewReport, Report, ReportState, WantedReports
from veche.storage.rows import Rows
from veche.storage.writer import Transaction

_COLUMNS = "number, ts, reporter, kind, room_id, event_id, user_id, reason, score, closed_ts, closed_by, note"


def add_report(tx: Transaction, ts: int, reporter: UserId, new: NewReport) -> None:
    """Write down a report; one by the same person about the same thing that is still open takes the new reason."""
    changed = tx.one(
        "UPDATE reports SET ts = ?, reason = ?, score = ?, events = ? WHERE reporter = ? AND kind = ? AND target = ?"
        " AND closed_ts IS NULL RETURNING number",
        ts,
        new.reason,
        new.score,
        new.events,
        reporter,
        new.kind,
        _target(new),
    )
    if changed is not None:
        return
    tx.run(
        "INSERT INTO reports (number, ts, reporter, kind, target, room_id, event_id, user_id, reason, score, events,"
        " note) SELECT COALESCE(MAX(number), 0) + 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '' FROM reports",
        ts,
        reporter,
        new.kind,
        _target(new),
        new.room,
        new.event,
        new.user,
        new.reason,
        new.score,
        new.events,
    )


def reports(rows: Rows, wanted: WantedReports) -> list[Report]:
    """Return reports, the newest first."""
    conditions = {"kind": wanted.kind, "room_id": wanted.room, "user_id": wanted.user}
    given = {name: value for name, value in conditions.items() if value is not None}
    texts = ["number < ?", *(f"{name} = ?" for name in given)]
    if wanted.state is not None:
        texts.append(f"closed_ts IS {'NULL' if wanted.state == 'open' else 'NOT NULL'}")
    found = rows.all(
        f"SELECT {_COLUMNS} FROM reports WHERE {' AND '.join(texts)} ORDER BY number DESC LIMIT ?",
        wanted.before,
        *given.values(),
        wanted.limit,
    )
    return [_report(row) for row in found]


def find_report(rows: Rows, number: int) -> Report | None:
    """Return one report."""
    row = rows.one(f"SELECT {_COLUMNS} FROM reports WHERE number = ?", number)
    return _report(row) if row else None


def reported_events(rows: Rows, number: int) -> bytes:
    """Return the events that were kept with a report, as a JSON array."""
    row = rows.one("SELECT events FROM reports WHERE number = ?", number)
    return bytes(row[0]) if row else b"[]"


def close_report(tx: Transaction, number: int, ts: int, by: UserId, note: str) -> None:
    """Close a report; nobody in ``by`` stands for whoever runs the server."""
    tx.run("UPDATE reports SET closed_ts = ?, closed_by = ?, note = ? WHERE number = ?", ts, by, note, number)


def _target(new: NewReport) -> str:
    return {"event": new.event, "room": new.room, "user": new.user}[new.kind] or ""


def _report(row: tuple[Any, ...]) -> Report:
    number, ts, reporter, kind, room, event, user, reason, score, closed_ts, closed_by, note = row
    state: ReportState = "open" if closed_ts is None else "closed"
    return Report(
        number, ts, reporter, kind, room, event, user, reason, score, state, closed_ts, closed_by or None, note
    )
