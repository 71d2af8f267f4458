"""Erased people: whoever came into a room after their account was closed reads their events as if redacted."""

import msgspec

from veche.base import json
from veche.domain.redaction import redact
from veche.domain.rooms import version_of
from veche.domain.timeline import Event, content_of
from veche.queries.timeline.sight import Sight
from veche.storage import rooms
from veche.storage.rows import Rows


def without_erased(rows: Rows, sight: Sight, events: list[Event]) -> list[Event]:
    """Return events as the asker may still read them (section Deactivating your account, ``erase``)."""
    return [bared(rows, event) if sight.lacks_words_of(event) else event for event in events]


def bared(rows: Rows, event: Event) -> Event:
    """Return an event with as little content as its redaction would leave."""
    if event.redaction is not None:
        return event
    whole = json.decode(event.json)
    whole["content"] = redact(version_of(rooms.current_state(rows, event.room_id)), event.type, content_of(event))
    return msgspec.structs.replace(event, json=json.encode(whole))
