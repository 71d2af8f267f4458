"""Bundled aggregations: the newest edit, the thread, the references of an event (section Relationships).

What the asker may not see is not bundled.
"""

from collections.abc import Iterable

from veche.base import json
from veche.domain.ids import EventId
from veche.domain.timeline import Event, client_json, content_of
from veche.queries.timeline.sight import Sight
from veche.storage import timeline
from veche.storage.rows import Rows
from veche.storage.timeline import RelatedEvent

_KINDS = ("m.replace", "m.reference", "m.thread")


def bundles(rows: Rows, sight: Sight, events: list[Event], now: int) -> dict[EventId, bytes]:
    """Return the ``m.relations`` object of each event that has one."""
    parents = {event.event_id: event for event in events if event.state_key is None and event.redaction is None}
    related = timeline.children(rows, list(parents), _KINDS, rows.position) if parents else []
    related = [child for child in related if sight.sees(child.position)]
    if not related:
        return {}
    edits = _newest_edits(parents, related)
    threads = _of_kind(related, "m.thread")
    shown = _shown(rows, [*edits.values(), *(children[-1].event_id for children in threads.values())])
    parts: dict[EventId, list[bytes]] = {}
    for parent, edit in edits.items():
        if _is_edit(shown.get(edit)):
            parts.setdefault(parent, []).append(b'"m.replace":' + _bare(shown[edit], sight, now))
    for parent, children in _of_kind(related, "m.reference").items():
        chunk = [{"event_id": child.event_id} for child in children]
        parts.setdefault(parent, []).append(b'"m.reference":' + json.encode({"chunk": chunk}))
    for parent, children in threads.items():
        latest = shown[children[-1].event_id]
        parts.setdefault(parent, []).append(_thread(parents[parent], children, latest, sight, now))
    return {parent: b"{" + b",".join(sorted(some)) + b"}" for parent, some in parts.items()}


def newest_edit(rows: Rows, sight: Sight, event: Event, now: int) -> bytes | None:
    """Return the event that replaces ``event`` for this reader, if one does."""
    related = timeline.children(rows, [event.event_id], ("m.replace",), rows.position)
    edits = _newest_edits({event.event_id: event}, [child for child in related if sight.sees(child.position)])
    shown = _shown(rows, edits.values())
    edit = shown.get(edits.get(event.event_id, EventId("")))
    return _bare(edit, sight, now) if edit is not None and _is_edit(edit) else None


def _newest_edits(parents: dict[EventId, Event], related: list[RelatedEvent]) -> dict[EventId, EventId]:
    """The newest edit of each event: by its own sender and of its own type; an edit cannot itself be edited."""
    edits: dict[EventId, EventId] = {}
    for child in related:
        parent = parents[child.parent]
        if child.kind == "m.replace" and child.sender == parent.sender and child.type == parent.type:
            edits[parent.event_id] = child.event_id
    return edits


def _of_kind(related: list[RelatedEvent], kind: str) -> dict[EventId, list[RelatedEvent]]:
    found: dict[EventId, list[RelatedEvent]] = {}
    for child in related:
        if child.kind == kind:
            found.setdefault(child.parent, []).append(child)
    return found


def _shown(rows: Rows, ids: Iterable[EventId]) -> dict[EventId, Event]:
    wanted = list(dict.fromkeys(ids))
    return timeline.find_all(rows, wanted) if wanted else {}


def _is_edit(event: Event | None) -> bool:
    """An edit without ``m.new_content`` is none, except in encrypted rooms, where the server cannot know."""
    if event is None or event.redaction is not None:
        return False
    return event.type == "m.room.encrypted" or isinstance(content_of(event).get("m.new_content"), dict)


def _bare(event: Event, sight: Sight, now: int) -> bytes:
    age = max(0, now - event.ts)
    membership = sight.membership_at(event.position).encode()
    return client_json(event, b'{"age":%d,"membership":"%b"}' % (age, membership), with_room=True)


def _thread(root: Event, children: list[RelatedEvent], latest: Event, sight: Sight, now: int) -> bytes:
    took_part = sight.user == root.sender or any(child.sender == sight.user for child in children)
    return b'"m.thread":{"count":%d,"current_user_participated":%b,"latest_event":%b}' % (
        len(children),
        b"true" if took_part else b"false",
        _bare(latest, sight, now),
    )
