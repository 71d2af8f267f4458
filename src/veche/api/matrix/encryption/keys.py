"""Keys of devices: upload, query, claim, changes (section Key management API)."""

from typing import Any

import msgspec

from veche.api.http.contract import Door, Endpoint
from veche.commands.encryption import keys
from veche.domain.ids import DeviceId, UserId
from veche.domain.refusals import Refusal, Refused
from veche.domain.sessions import Asker
from veche.queries import encryption
from veche.queries.sync.device_lists import DeviceLists
from veche.queries.sync.wish import position_from


class UploadBody(msgspec.Struct, frozen=True):
    """Keys by their names; what is absent stays as it is."""

    device_keys: dict[str, Any] | None = None
    one_time_keys: dict[str, Any] | None = None
    fallback_keys: dict[str, Any] | None = None


class Upload(msgspec.Struct, frozen=True):
    """``POST /keys/upload``."""

    body: UploadBody


class Uploaded(msgspec.Struct, frozen=True):
    """How many one-time keys of each algorithm the device has now."""

    one_time_key_counts: dict[str, int]


class QueryBody(msgspec.Struct, frozen=True):
    """Devices by user; an empty list means all."""

    device_keys: dict[UserId, list[DeviceId]]


class Query(msgspec.Struct, frozen=True):
    """``POST /keys/query``."""

    body: QueryBody


class ClaimBody(msgspec.Struct, frozen=True):
    """Algorithms by user and device."""

    one_time_keys: dict[UserId, dict[DeviceId, str]]


class Claim(msgspec.Struct, frozen=True):
    """``POST /keys/claim``."""

    body: ClaimBody


class Claimed(msgspec.Struct, frozen=True):
    """The keys given out, by user, device and name. No other server can have failed."""

    one_time_keys: keys.Claimed
    failures: dict[str, Any] = {}


class Changes(msgspec.Struct, frozen=True):
    """``GET /keys/changes``: ``from`` and ``to`` are sync tokens."""

    since: str = msgspec.field(name="from")
    to: str


async def upload(door: Door, asker: Asker, query: Upload) -> Uploaded:
    """Publish keys of the asker's device."""
    body = query.body
    counts = await keys.upload_keys(
        door.commands, asker, body.device_keys, body.one_time_keys or {}, body.fallback_keys or {}
    )
    return Uploaded(counts)


async def query(door: Door, asker: Asker, query: Query) -> msgspec.Raw:
    """Return keys of people's devices and their cross-signing keys."""
    return await encryption.keys_of(door.queries, asker, dict(query.body.device_keys))


async def claim(door: Door, asker: Asker, query: Claim) -> Claimed:
    """Give out one-time keys, each once."""
    return Claimed(await keys.claim_keys(door.commands, asker, query.body.one_time_keys))


async def changes(door: Door, asker: Asker, query: Changes) -> DeviceLists:
    """Say whose keys changed since a token; whatever happened after ``to`` is named too."""
    since, until = position_from(query.since, "from"), position_from(query.to, "to")
    for position in (since, until):
        if isinstance(position, Refusal):
            raise Refused(position)
    assert not isinstance(since, Refusal)
    return await encryption.key_changes(door.queries, asker, since)


ENDPOINTS = (
    Endpoint("POST", "/_matrix/client/v3/keys/upload", "user", "write", Upload, Uploaded, upload),
    Endpoint("POST", "/_matrix/client/v3/keys/query", "user", "read", Query, msgspec.Raw, query),
    Endpoint("POST", "/_matrix/client/v3/keys/claim", "user", "write", Claim, Claimed, claim),
    Endpoint("GET", "/_matrix/client/v3/keys/changes", "user", "read", Changes, DeviceLists, changes),
)
