"""The one outgoing HTTP client: whatever calls out does so through it, and reaches only what was allowed."""

from veche.integrations.outgoing.addresses import may_be_reached
from veche.integrations.outgoing.client import Answer, Outgoing, Unreachable

__all__ = ["Answer", "Outgoing", "Unreachable", "may_be_reached"]
