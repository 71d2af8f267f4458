"""The ``unsigned`` object of an event: what is said of it to one reader, beside what its sender said."""

from veche.base import json
from veche.domain.ids import DeviceId
from veche.domain.timeline import Event


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
