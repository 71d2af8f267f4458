"""How an event looks to its reader: the stored bytes, and what ``unsigned`` says of them to this one asker."""

from veche.base import json
from veche.domain.ids import DeviceId, EventId
from veche.domain.timeline import Event, client_json, content_of
from veche.queries.timeline.bundling import bundles
from veche.queries.timeline.sight import Sight
from veche.storage import timeline
from veche.storage.rows import Rows


def present(
    rows: Rows, sight: Sight, device: DeviceId | None, events: list[Event], now: int, *, with_room: bool
) -> list[bytes]:
    """Return events as this asker's clients read them, with bundled aggregations (sections Events, Aggregations).

    ``now`` in milliseconds gives their age; ``device`` is told the transaction ids of what it sent itself.
    """
    earlier = _replaced(rows, sight, events)
    relations = bundles(rows, sight, events, now)
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


def unsigned(
    event: Event,
    now: int,
    membership: str,
    own_device: DeviceId | None = None,
    prev_content: bytes | None = None,
    relations: bytes | None = None,
) -> bytes:
    """Return the ``unsigned`` object of an event for one reader; ``own_device`` is None for other people's events."""
    parts = [b'{"age":%d,"membership":"%b"' % (max(0, now - event.ts), membership.encode())]
    if relations is not None:
        parts.append(b',"m.relations":' + relations)
    if prev_content is not None:
        parts.append(b',"prev_content":' + prev_content)
    if event.redaction is not None:
        parts.append(b',"redacted_because":' + event.redaction)
    if event.replaces is not None:
        parts.append(b',"replaces_state":' + json.encode(event.replaces))
    if own_device is not None and event.txn is not None and event.device == own_device:
        parts.append(b',"transaction_id":' + json.encode(event.txn))
    parts.append(b"}")
    return b"".join(parts)


def _replaced(rows: Rows, sight: Sight, events: list[Event]) -> dict[EventId, bytes]:
    """Return the content that each state event replaced, where the asker may see the earlier event."""
    ids = [event.replaces for event in events if event.replaces is not None]
    if not ids:
        return {}
    found = timeline.find_all(rows, ids)
    return {event_id: json.encode(content_of(event)) for event_id, event in found.items() if sight.sees(event.position)}
