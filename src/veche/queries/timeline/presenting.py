"""How an event looks to its reader: the stored bytes, and what ``unsigned`` says of them to this one asker."""

import msgspec

from veche.base import json
from veche.domain.ids import DeviceId, EventId
from veche.domain.timeline import Event, client_json, content_of
from veche.queries.timeline.bundling import bundles
from veche.queries.timeline.erasing import without_erased
from veche.queries.timeline.sight import Sight
from veche.queries.timeline.unsigned import unsigned
from veche.storage import timeline
from veche.storage.rows import Rows

__all__ = ["present", "unsigned"]


def present(
    rows: Rows, sight: Sight, device: DeviceId | None, events: list[Event], now: int, *, with_room: bool
) -> list[bytes]:
    """Return events as this asker's clients read them, with bundled aggregations (sections Events, Aggregations).

    ``now`` in milliseconds gives their age; ``device`` is told the transaction ids of what it sent itself.
    """
    earlier = _replaced(rows, sight, events)
    relations = bundles(rows, sight, device, events, now)
    events = without_erased(rows, sight, _with_redactions(rows, sight, events))
    return [
        client_json(
            event,
            unsigned(
                event,
                now,
                sight.membership_at(event.position),
                device if event.sender == sight.user else None,
                earlier.get(event.replaces) if event.replaces is not None else None,
                relations.get(event.event_id),
            ),
            with_room=with_room,
        )
        for event in events
    ]


def _with_redactions(rows: Rows, sight: Sight, events: list[Event]) -> list[Event]:
    """Show what redacted an event as it stands now; who may not read that is told that it was, but not why."""
    redacted = {event.event_id: _id_of(event.redaction) for event in events if event.redaction is not None}
    if not redacted:
        return events
    found = timeline.find_all(rows, list(redacted.values()))
    shown = {target: _told(found[by], _is_read(sight, found[by])) for target, by in redacted.items()}
    return [msgspec.structs.replace(event, redaction=shown.get(event.event_id)) for event in events]


def _is_read(sight: Sight, event: Event) -> bool:
    return sight.sees(event.position) and not sight.lacks_words_of(event)


def _id_of(redaction: bytes) -> EventId:
    return EventId(json.decode(redaction)["event_id"])


def _told(redaction: Event, is_visible: bool) -> bytes:
    if is_visible:
        return client_json(redaction, b"{}", with_room=False)
    bare = json.decode(redaction.json)
    bare["content"] = {name: value for name, value in bare["content"].items() if name == "redacts"}
    return json.encode({**bare, "unsigned": {}})


def _replaced(rows: Rows, sight: Sight, events: list[Event]) -> dict[EventId, bytes]:
    """Return the content that each state event replaced, where the asker may see the earlier event."""
    ids = [event.replaces for event in events if event.replaces is not None]
    if not ids:
        return {}
    found = timeline.find_all(rows, ids)
    return {event_id: json.encode(content_of(event)) for event_id, event in found.items() if _is_read(sight, event)}
