"""Holds the events that the server makes itself, or passes on in its own name, against the event schemas.

What people send is theirs: a message may say anything, and so may a piece of state that somebody set by its own
endpoint. All other state is the server's: of new rooms and upgraded ones, of invitations, of names that change. So are
typing, receipts, presence, push rules and the read mark. Redaction takes fields away that the schemas want, so
redacted events are passed over.
"""

from collections.abc import Iterator, Set
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from tests.conformance.formats import FORMATS
from tests.conformance.specification import files, whole

WRITTEN = frozenset({"m.typing", "m.receipt", "m.presence", "m.push_rules", "m.fully_read"})
"""Not events of a room: the server makes them of what happens."""
STRIPPED = frozenset({"m.room.create", "m.room.member"})
"""State that is certainly the server's where the event has no id: in the stripped state of an invitation."""
FILLED = {"event_id": "$filled", "origin_server_ts": 0, "room_id": "!filled"}
"""What the schemas want of every event, and stripped state and the rooms of ``/sync`` leave out."""


def faults_in(body: Any, theirs: Set[str] = frozenset()) -> list[str]:
    """Return how the server's events in an answer differ from their schemas; ``theirs`` are the ids of other events."""
    return [f"{event['type']} {fault}" for event in _events(body, theirs) for fault in faults_of(event)]


def faults_of(event: dict[str, Any]) -> list[str]:
    """Return how one event, whose type has a schema, differs from it."""
    if "redacted_because" in event.get("unsigned", {}):
        return []
    whole_event = {**FILLED, **event} if "state_key" in event else event
    validator = _validator(event["type"])
    if validator.is_valid(whole_event):
        return []
    return [f"/{'/'.join(map(str, e.instance_path))}: {e.message[:300]}" for e in validator.iter_errors(whole_event)]


def _events(body: Any, theirs: Set[str]) -> Iterator[dict[str, Any]]:
    if isinstance(body, list):
        for each in body:
            yield from _events(each, theirs)
    elif isinstance(body, dict):
        if isinstance(body.get("type"), str) and isinstance(body.get("content"), dict):
            if _is_ours(body, theirs):
                yield body
            yield from _events(body.get("unsigned"), theirs)
        else:
            for each in body.values():
                if isinstance(each, dict | list):
                    yield from _events(each, theirs)


def _is_ours(event: dict[str, Any], theirs: Set[str]) -> bool:
    kind = event["type"]
    if "state_key" not in event or "sender" not in event:
        return kind in WRITTEN
    return event["event_id"] not in theirs and kind in _described() if "event_id" in event else kind in STRIPPED


@cache
def _described() -> frozenset[str]:
    """Types of events that have a schema."""
    return frozenset(Path(file).stem for file in files("event-schemas/schema"))


@cache
def _validator(kind: str) -> jsonschema_rs.Validator:
    schema = whole(f"event-schemas/schema/{kind}.yaml")
    return jsonschema_rs.Draft202012Validator(schema, formats=FORMATS, validate_formats=True)
