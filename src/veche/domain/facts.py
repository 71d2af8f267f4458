"""Facts: what the one log tells readers. Each has a kind, an audience and what the tail keeps of it.

A fact is made by a command inside its transaction and is told only after the commit.
"""

from typing import Any, Literal

import msgspec

from veche.domain.ids import DeviceId, Position, RoomId, UserId

ReplayedKind = Literal["event", "read_mark"]
"""The kinds that the database can tell again, so that a worker that was away misses none."""
FactKind = Literal[ReplayedKind, "receipt", "account_data", "to_device", "device_list", "one_time_keys", "push_rules"]


class Fact(msgspec.Struct, frozen=True):
    """One durable change: told to the members of ``room``, or to ``user`` (one ``device`` of theirs, if named).

    ``body`` is what readers need of it while it is young; the database holds the same.
    """

    kind: FactKind
    room: RoomId | None = None
    user: UserId | None = None
    device: DeviceId | None = None
    body: Any = None


class Entry(msgspec.Struct, frozen=True):
    """A fact with its place in the log."""

    position: Position
    fact: Fact
