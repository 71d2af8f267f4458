"""What administrators did. For administrators."""

import msgspec

from veche.api.http.contract import Door, Endpoint
from veche.domain.operation import MOST_ACTS, Act
from veche.domain.sessions import Asker
from veche.queries import operation as queries


class ActsRequest(msgspec.Struct, frozen=True):
    """``GET /audit``: acts older than the one numbered ``from``."""

    from_: int = msgspec.field(name="from", default=2**53 - 1)
    limit: int = 100


class Acts(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was done, the newest first; ``next_batch`` stands where there may be more."""

    acts: list[Act]
    next_batch: int | None = None


async def audit(door: Door, asker: Asker, request: ActsRequest) -> Acts:
    """Show what administrators did: when, who, what, to whom and why."""
    limit = max(1, min(request.limit, MOST_ACTS))
    found = await queries.acts(door.queries, asker, request.from_, limit)
    return Acts(found, found[-1].number if len(found) == limit else None)


ENDPOINTS = (Endpoint("GET", "/_veche/v1/audit", "administrator", "read", ActsRequest, Acts, audit),)
