"""What a sync is asked for, and its token: ``s<position>.<inbox>.<boot>.<live>``."""

import re
from functools import lru_cache

import msgspec

from veche.domain.account_data import Filter
from veche.domain.ids import Position
from veche.domain.refusals import Refusal, Refused, invalid_param

_TOKEN = re.compile(r"s(\d{1,18})\.(\d{1,18})\.([0-9a-z]{1,16})\.(\d{1,18})\Z")
_BARE = re.compile(r"(\d{1,18})\Z")
_POSITION = re.compile(r"s?(\d{1,18})(?:\..*)?\Z")


class SyncToken(msgspec.Struct, frozen=True):
    """How far a device has been told.

    ``inbox`` is the last to-device position handed out, smaller than ``position`` when more wait. ``boot`` and
    ``live`` count what lives only in one process's memory.
    """

    position: Position
    inbox: Position
    boot: str
    live: int

    def __str__(self) -> str:
        return f"s{self.position}.{self.inbox}.{self.boot}.{self.live}"


class SyncWish(msgspec.Struct, frozen=True):
    """One request for news. ``since`` is None for everything; ``timeout_ms`` is how long it may wait."""

    since: SyncToken | None = None
    filter: Filter = Filter()
    full_state: bool = False
    wants_state_after: bool = False
    timeout_ms: int = 0
    presence: str = "online"


@lru_cache(maxsize=4_096)
def token_from(text: str) -> SyncToken:
    """Read a sync token; raises 400 M_INVALID_PARAM for anything that is none.

    A position alone, which older endpoints hand out, says nothing of what lives in memory or waits in the inbox.
    """
    found = _TOKEN.match(text)
    if found is None and (position := _BARE.match(text)):
        return SyncToken(Position(int(position[1])), Position(0), "", 0)
    if found is None:
        raise Refused(invalid_param("since is not a token of this server", "since"))
    return SyncToken(Position(int(found[1])), Position(int(found[2])), found[3], int(found[4]))


def position_from(text: str, field: str) -> Position | Refusal:
    """Read the position of a paging token or of a whole sync token; it means everything not later."""
    found = _POSITION.match(text)
    if found is None:
        return invalid_param(f"{field} is not a token of this server", field)
    return Position(int(found[1]))
