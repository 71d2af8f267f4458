"""Bundled aggregations: the newest edit, the thread, the references of an event (section Relationships).

What the asker may not see, or has ignored, is not bundled. Which relations count is decided when they are made.
"""

from veche.base import json
from veche.domain.ids import DeviceId, EventId
from veche.domain.timeline import Event, client_json
from veche.queries.timeline.sight import Sight
from veche.queries.timeline.unsigned import unsigned
from veche.storage import timeline
from veche.storage.rows import Rows
from veche.storage.timeline import RelatedEvent

_KINDS = ("m.replace", "m.reference", "m.thread")
Children = dict[EventId, list[RelatedEvent]]


def bundles(rows: Rows, sight: Sight, device: DeviceId | None, events: list[Event], now: int) -> dict[EventId, bytes]:
    """Return the ``m.relations`` object of each event that has one."""
    parents = {event.event_id: event for event in events if event.state_key is None}
    related = timeline.children(rows, list(parents), _KINDS, rows.position) if parents else []
    related = [child for child in related if sight.sees(child.position) and child.sender not in sight.ignored]
    if not related:
        return {}
    references, threads = _of_kind(related, "m.reference"), _of_kind(related, "m.thread")
    # A redacted event is not edited any more, yet its thread and what refers to it remain.
    edits = {
        parent: children
        for parent, children in _of_kind(related, "m.replace").items()
        if parents[parent].redaction is None
    }
    newest = {some[-1].event_id for some in (*edits.values(), *threads.values())}
    shown = _shown(rows, sight, device, newest, now)
    parts: dict[EventId, list[bytes]] = {}
    for parent, children in references.items():
        parts.setdefault(parent, []).append(_references(children))
    for parent, children in edits.items():
        parts.setdefault(parent, []).append(b'"m.replace":' + shown[children[-1].event_id])
    for parent, children in threads.items():
        took_part = sight.user in (parents[parent].sender, *(child.sender for child in children))
        parts.setdefault(parent, []).append(_thread(len(children), took_part, shown[children[-1].event_id]))
    return {parent: b"{%b}" % b",".join(some) for parent, some in parts.items()}


def _of_kind(related: list[RelatedEvent], kind: str) -> Children:
    found: Children = {}
    for child in related:
        if child.kind == kind:
            found.setdefault(child.parent, []).append(child)
    return found


def _shown(rows: Rows, sight: Sight, device: DeviceId | None, ids: set[EventId], now: int) -> dict[EventId, bytes]:
    """Return events as they are bundled: with what is bundled of themselves. A thread's events begin no threads, and
    an edit is not edited, so this ends.
    """
    events = list(timeline.find_all(rows, sorted(ids)).values()) if ids else []
    relations = bundles(rows, sight, device, events, now) if events else {}
    return {event.event_id: _whole(sight, device, event, relations.get(event.event_id), now) for event in events}


def _whole(sight: Sight, device: DeviceId | None, event: Event, relations: bytes | None, now: int) -> bytes:
    own_device = device if event.sender == sight.user else None
    text = unsigned(event, now, sight.membership_at(event.position), own_device, None, relations)
    return client_json(event, text, with_room=True)


def _references(children: list[RelatedEvent]) -> bytes:
    return b'"m.reference":' + json.encode({"chunk": [{"event_id": child.event_id} for child in children]})


def _thread(count: int, took_part: bool, latest: bytes) -> bytes:
    return b'"m.thread":{"count":%d,"current_user_participated":%b,"latest_event":%b}' % (
        count,
        b"true" if took_part else b"false",
        latest,
    )
