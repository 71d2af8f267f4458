"""Reading the log for the index: what a part of it adds, changes and takes away. Nothing is written here."""

import msgspec

from veche.base import json
from veche.domain.events import MESSAGE, NAME, REDACTION, TOPIC
from veche.domain.ids import EventId, Position, RoomId, UserId
from veche.domain.search import LONGEST_TEXT, found_as_edited, found_in
from veche.domain.timeline import Event
from veche.storage import timeline
from veche.storage.rows import Rows, all_in
from veche.storage.search.analysis import analysed
from veche.storage.search.records import Document, Progress

_READ = f"'{MESSAGE}', '{NAME}', '{TOPIC}', '{REDACTION}'"
_NEWS = (
    f"SELECT position, event_id, room_id, type, state_key, sender, CASE WHEN type IN ({_READ}) THEN json END"
    " FROM events WHERE position > ? ORDER BY position LIMIT ?"
)
MOST_BYTES = 1_000_000
"""Of a part of the log: about what a second of work and some tens of megabytes of memory are enough for."""
_READ_AT_ONCE = 200


class News(msgspec.Struct, frozen=True):
    """A part of the log: ``fresh`` documents, the positions whose documents changed, what was redacted, and its end.

    ``is_all`` says that nothing comes behind it yet.
    """

    fresh: dict[Position, Document]
    edited: set[Position]
    redacted: set[Position]
    until: Progress
    is_all: bool


class _Row(msgspec.Struct, frozen=True, array_like=True):
    position: Position
    event_id: EventId
    room: RoomId
    type: str
    state_key: str | None
    sender: UserId
    json: bytes | None


def news(at: Rows, after: Progress, most: int) -> News:
    """Read at most ``most`` events behind ``after``, fewer where they are long or change much."""
    rows, is_all = _rows(at, after.position, most)
    until = _until(at, after, rows, is_all)
    edits = _edits(at, rows, after.position, until.position)
    fresh = [_fresh(row) for row in rows if row.json is not None and row.position not in edits]
    return News(
        {document.position: document for document in fresh if document is not None},
        set(_positions(at, sorted(set(edits.values())))),
        set(_positions(at, sorted(_redacted(rows)))),
        until,
        is_all,
    )


def documents_at(at: Rows, positions: list[Position], until: Position) -> list[Document]:
    """Return the documents of these events as of ``until``: with the text of their newest edit."""
    events = timeline.as_edited(at, timeline.at_positions(at, positions), until)
    found = [_document(event, edit) for event, edit in events]
    return [document for document in found if document is not None]


def is_anchored(at: Rows, progress: Progress) -> bool:
    """Say whether the index has followed this very log: its last event stands where the index saw it.

    It does not where an older backup was restored, or the database is another one.
    """
    if progress.position > at.position:
        return False
    row = at.one("SELECT event_id FROM events WHERE position = ?", progress.anchored)
    return progress.anchor == "" or (row is not None and row[0] == progress.anchor)


def _rows(at: Rows, after: Position, most: int) -> tuple[list[_Row], bool]:
    """Return a part of the log and whether that is all there is; its size is bounded in bytes too."""
    rows: list[_Row] = []
    left = MOST_BYTES
    while len(rows) < most:
        wanted = min(_READ_AT_ONCE, most - len(rows))
        some = [_Row(*row) for row in at.all(_NEWS, rows[-1].position if rows else after, wanted)]
        for row in some:
            if left <= 0:
                return rows, False
            rows.append(row)
            left -= _weight(row)
        if len(some) < wanted:
            return rows, True
    return rows, False


def _weight(row: _Row) -> int:
    """Return what a row costs, in bytes: those that change another document, which is read anew, count for that too."""
    if row.json is None:
        return 0
    changes = row.type == REDACTION or b'"m.replace"' in row.json
    return len(row.json) + (LONGEST_TEXT if changes else 0)


def _until(at: Rows, after: Progress, rows: list[_Row], is_all: bool) -> Progress:
    position = at.position if is_all else rows[-1].position
    return Progress(position, rows[-1].position, rows[-1].event_id) if rows else Progress(position, *_anchor(after))


def _anchor(progress: Progress) -> tuple[Position, str]:
    return progress.anchored, progress.anchor


def _fresh(row: _Row) -> Document | None:
    if row.json is None or row.type == REDACTION:
        return None
    found = found_in(row.type, row.state_key, json.decode(row.json)["content"])
    if found is None:
        return None
    text = analysed(found.text)
    return Document(row.position, row.room, row.sender, row.type, row.position, found.has_url, text)


def _document(event: Event, edit: Event | None) -> Document | None:
    found = found_as_edited(event, edit)
    if found is None:
        return None
    source, text = (edit or event).position, analysed(found.text)
    return Document(event.position, event.room_id, event.sender, event.type, source, found.has_url, text)


def _edits(at: Rows, rows: list[_Row], after: Position, until: Position) -> dict[Position, EventId]:
    """Return which of the rows are edits, and of what; those that may not edit are messages of their own."""
    parents = {_parent(row) for row in rows if row.json is not None and b'"m.replace"' in row.json}
    related = timeline.children(at, sorted(parents - {EventId("")}), ("m.replace",), until, after)
    return {child.position: child.parent for child in related}


def _parent(row: _Row) -> EventId:
    relates = json.decode(row.json or b"{}")["content"].get("m.relates_to")
    parent = relates.get("event_id") if isinstance(relates, dict) else None
    return EventId(parent) if isinstance(parent, str) and "\x00" not in parent else EventId("")


def _redacted(rows: list[_Row]) -> set[EventId]:
    """Return the ids of what the rows redact: named in the content, or beside it in older rooms."""
    found: set[EventId] = set()
    for row in rows:
        if row.type == REDACTION and row.json is not None:
            whole = json.decode(row.json)
            target = whole.get("redacts") or whole["content"].get("redacts")
            found.update({EventId(target)} if isinstance(target, str) and "\x00" not in target else ())
    return found


def _positions(at: Rows, events: list[EventId]) -> list[Position]:
    return [row[0] for row in all_in(at, "SELECT position FROM events WHERE event_id IN (??)", events)]
