"""What a room's topic says in plain text. How it is shown or found is not known here."""

from veche.domain.events import Content


def plain_topic(content: Content) -> str | None:
    """Return a topic as plain text: the first such block, else the text beside it (section m.room.topic)."""
    block = content.get("m.topic")
    parts = block.get("m.text") if isinstance(block, dict) else None
    for part in parts if isinstance(parts, list) else ():
        if isinstance(part, dict) and part.get("mimetype", "text/plain") == "text/plain":
            body = part.get("body")
            if isinstance(body, str) and body:
                return body
    topic = content.get("topic")
    return topic if isinstance(topic, str) and topic else None
