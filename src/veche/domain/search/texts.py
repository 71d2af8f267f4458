"""What of an event can be found: the text of a message, a room's name, its topic (section Server Side Search)."""

from typing import Any

import msgspec

from veche.domain.events import MESSAGE, NAME, TOPIC, Content
from veche.domain.rooms.topics import plain_topic
from veche.domain.timeline import Event, content_of

KINDS = {"content.body": MESSAGE, "content.name": NAME, "content.topic": TOPIC}
"""The keys that a search may name, and the type of the events that have them."""
LONGEST_TEXT = 8_000
"""Characters: of a longer text the beginning can be found. One message is not to keep everybody else's waiting."""


class Found(msgspec.Struct, frozen=True):
    """The text under which an event is found; ``has_url`` says whether its content names an address."""

    text: str
    has_url: bool


def found_in(kind: str, state_key: str | None, content: Content) -> Found | None:
    """Return what can be found of an event; None where that is nothing. What is encrypted cannot be."""
    if kind == MESSAGE and state_key is None:
        text = _text(content.get("body"))
    elif kind == NAME and state_key == "":
        text = _text(content.get("name"))
    elif kind == TOPIC and state_key == "":
        text = _topic(content)
    else:
        return None
    return Found(text, "url" in content) if text else None


def found_as_edited(event: Event, edit: Event | None) -> Found | None:
    """Return what can be found of an event whose newest edit is ``edit``: an edit gives it another text."""
    if event.redaction is not None:
        return None
    found = found_in(event.type, event.state_key, content_of(event))
    if found is None or edit is None:
        return found
    return Found(edited_text(content_of(edit)), found.has_url)


def edited_text(content: Content) -> str:
    """Return the text that an edit gives to a message."""
    new = content.get("m.new_content")
    return _text(new.get("body")) if isinstance(new, dict) else ""


def _topic(content: Content) -> str:
    """Return the topic, and what its plain text says beyond it (section m.room.topic)."""
    topic, plain = _text(content.get("topic")), _text(plain_topic(content))
    return topic if plain in topic else f"{topic}\n{plain}"


def _text(value: Any) -> str:
    return value[:LONGEST_TEXT] if isinstance(value, str) else ""
