"""Timeline: sending messages and state, redacting."""

from veche.commands.timeline.redacting import redact_event
from veche.commands.timeline.sending import send_message, set_state

__all__ = ["redact_event", "send_message", "set_state"]
