"""Operation: what administrators did, as it is kept for those who come after them."""

from typing import Any

import msgspec

from veche.domain.ids import UserId

MOST_ACTS = 500
"""How many are read at once."""


class Act(msgspec.Struct, frozen=True):
    """An administrator did something: when, who, what, to whom, why, and what else tells of it.

    ``by`` is None for whoever runs the server and did it by the command line. Nothing here is secret: neither
    passwords nor codes nor the texts of tokens.
    """

    number: int
    ts: int
    by: UserId | None
    what: str
    whom: str | None
    reason: str
    details: dict[str, Any]
