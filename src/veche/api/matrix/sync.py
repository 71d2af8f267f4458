"""``/sync``, ``/filter`` excepted: from the query string to a wish, and the answer's bytes as they are."""

from typing import Literal

import msgspec

from veche.api.http.contract import Door, Endpoint
from veche.api.http.requests import decode
from veche.commands.encryption.to_device import delete_delivered
from veche.domain.account_data import Filter, filter_from
from veche.domain.refusals import Refusal, Refused
from veche.domain.sessions import Asker
from veche.queries import account_data
from veche.queries.sync.loop import answer
from veche.queries.sync.wish import SyncToken, SyncWish, token_from

LONGEST_KEPT = 2_048
"""Characters of a filter that is written in the request itself and remembered for the next one."""


class SyncRequest(msgspec.Struct, frozen=True):
    """``GET /sync``; ``timeout`` in milliseconds."""

    filter: str | None = None
    since: str | None = None
    full_state: bool = False
    set_presence: Literal["offline", "online", "unavailable"] = "online"
    timeout: int = 0
    use_state_after: bool = False


async def sync(door: Door, asker: Asker, query: SyncRequest) -> msgspec.Raw:
    """Answer with what is new since the token, or with everything (section Syncing)."""
    since = token_from(query.since) if query.since else None
    wish = SyncWish(
        since,
        await filter_of(door, asker, query.filter),
        query.full_state,
        query.use_state_after,
        max(0, query.timeout),
        query.set_presence,
    )
    forget_delivered(door, asker, since)
    return msgspec.Raw(await answer(door.queries, asker, wish))


async def filter_of(door: Door, asker: Asker, text: str | None) -> Filter:
    """Return the filter that a request names: none, one written in the request itself, or one stored under an id."""
    if not text:
        return Filter()
    known = door.queries.live.filters
    if not text.startswith("{"):
        return await account_data.filter_of(door.queries, asker, text, known)
    found = filter_from(decode(text.encode()))
    if isinstance(found, Refusal):
        raise Refused(found)
    if len(text) <= LONGEST_KEPT:
        known.put(asker.user, text, found)
    return found


def forget_delivered(door: Door, asker: Asker, since: SyncToken | None) -> None:
    """A request that bears a token says that everything up to it has arrived (law 8); nobody waits for the deletion."""
    if since is not None and not door.queries.live.inboxes.find(asker.user, asker.device):
        door.soon(delete_delivered(door.commands, asker, since.inbox))


ENDPOINTS = (
    Endpoint(
        "GET",
        "/_matrix/client/v3/sync",
        "user",
        "sync",
        SyncRequest,
        msgspec.Raw,
        sync,
        aliases=("/_matrix/client/r0/sync",),
    ),
)
