"""Which presence people have set. Lives in memory; who may see it is not decided here."""

import msgspec

from veche.domain.ids import UserId


class Status(msgspec.Struct, frozen=True):
    """What somebody said of themselves, and the millisecond they said it."""

    presence: str
    status_msg: str | None
    ts: int


class Presence:
    """The statuses that people have set since the server began."""

    def __init__(self) -> None:
        self._known: dict[UserId, Status] = {}

    def put(self, user: UserId, status: Status) -> None:
        """Remember what somebody says of themselves."""
        self._known[user] = status

    def find(self, user: UserId) -> Status | None:
        """Return what somebody said last, or None."""
        return self._known.get(user)

    def all(self) -> dict[UserId, Status]:
        """Return all statuses as they are now."""
        return dict(self._known)
