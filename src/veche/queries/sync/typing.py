"""Typing in sync: the ephemeral event that says who types now. Who types where is read from memory by the loop."""

from collections.abc import Iterable

import msgspec

from veche.base import json
from veche.domain.ids import UserId

EVENT_TYPE = "m.typing"


def event(users: Iterable[UserId]) -> msgspec.Raw:
    """Return the ephemeral event that says who types now."""
    return msgspec.Raw(json.encode({"type": EVENT_TYPE, "content": {"user_ids": list(users)}}))
