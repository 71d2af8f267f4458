"""Bundled aggregations: the newest edit, the thread, the references of an event (section Relationships).

What the asker may not see, or has ignored, is not bundled. Which relations count is decided when they are made.
"""

from veche.base import json
from veche.domain.ids import DeviceId, EventId, Position
from veche.domain.timeline import Event, client_json
from veche.queries.timeline.erasing import without_erased
from veche.queries.timeline.sight import Sight
from veche.queries.timeline.unsigned import unsigned
from veche.storage import timeline
from veche.storage.rows import Rows
from veche.storage.timeline import RelatedEvent, ThreadSummary

_KINDS = ("m.replace", "m.reference")
_START = Position(0)
Children = dict[EventId, list[RelatedEvent]]


def bundles(rows: Rows, sight: Sight, device: DeviceId | None, events: list[Event], now: int) -> dict[EventId, bytes]:
    """Return the ``m.relations`` object of each event that has one."""
    parents = {event.event_id: event for event in events if event.state_key is None}
    if not parents:
        return {}
    related = _seen(sight, timeline.children(rows, list(parents), _KINDS, rows.position))
    references, threads = _of_kind(related, "m.reference"), _threads(rows, sight, list(parents))
    # A redacted event is not edited any more, yet its thread and what refers to it remain.
    edits = {
        parent: children
        for parent, children in _of_kind(related, "m.replace").items()
        if parents[parent].redaction is None
    }
    newest = [*(some[-1].position for some in edits.values()), *(thread.latest for thread in threads.values())]
    shown = _shown(rows, sight, device, newest, now)
    parts: dict[EventId, list[bytes]] = {}
    for parent, children in references.items():
        parts.setdefault(parent, []).append(_references(children))
    for parent, children in edits.items():
        parts.setdefault(parent, []).append(b'"m.replace":' + shown[children[-1].position])
    for parent, thread in threads.items():
        took_part = thread.took_part or parents[parent].sender == sight.user
        parts.setdefault(parent, []).append(_thread(thread.count, took_part, shown[thread.latest]))
    return {parent: b"{%b}" % b",".join(some) for parent, some in parts.items()}


def _seen(sight: Sight, related: list[RelatedEvent]) -> list[RelatedEvent]:
    return [child for child in related if sight.sees(child.position) and child.sender not in sight.ignored]


def _threads(rows: Rows, sight: Sight, roots: list[EventId]) -> dict[EventId, ThreadSummary]:
    """Sum up the threads among ``roots`` as the asker sees them: by the database, unless somebody is ignored."""
    found = timeline.thread_summaries(rows, roots, sight.user, _START, rows.position)
    if not found:
        return {}
    roots = [thread.root for thread in found]
    if sight.ignored:
        return _summed_up(sight, timeline.children(rows, roots, ("m.thread",), rows.position))
    spans = sight.ranges_within(_START, rows.position)
    if len(spans) == 1 and spans[0].first <= 1 and spans[0].last == rows.position:
        return {thread.root: thread for thread in found}
    threads: dict[EventId, ThreadSummary] = {}
    for span in spans:
        for part in timeline.thread_summaries(rows, roots, sight.user, span.first, span.last):
            threads[part.root] = _joined(threads.get(part.root), part)
    return threads


def _summed_up(sight: Sight, related: list[RelatedEvent]) -> dict[EventId, ThreadSummary]:
    threads: dict[EventId, ThreadSummary] = {}
    for child in _seen(sight, related):
        one = ThreadSummary(child.parent, 1, child.position, child.sender == sight.user)
        threads[child.parent] = _joined(threads.get(child.parent), one)
    return threads


def _joined(before: ThreadSummary | None, part: ThreadSummary) -> ThreadSummary:
    """Add a later part of a thread to an earlier one."""
    if before is None:
        return part
    return ThreadSummary(part.root, before.count + part.count, part.latest, before.took_part or part.took_part)


def _of_kind(related: list[RelatedEvent], kind: str) -> Children:
    found: Children = {}
    for child in related:
        if child.kind == kind:
            found.setdefault(child.parent, []).append(child)
    return found


def _shown(
    rows: Rows, sight: Sight, device: DeviceId | None, places: list[Position], now: int
) -> dict[Position, bytes]:
    """Return events as they are bundled: with what is bundled of themselves. A thread's events begin no threads, and
    an edit is not edited, so this ends.
    """
    events = without_erased(rows, sight, timeline.at_positions(rows, places)) if places else []
    relations = bundles(rows, sight, device, events, now) if events else {}
    return {event.position: _whole(sight, device, event, relations.get(event.event_id), now) for event in events}


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
