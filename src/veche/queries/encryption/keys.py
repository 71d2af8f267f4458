"""Whose keys are what, and whose changed."""

from collections.abc import Collection

import msgspec

from veche.base import json
from veche.domain.encryption.shapes import is_name
from veche.domain.encryption.signatures import shown_key
from veche.domain.ids import DeviceId, Position, UserId
from veche.domain.sessions import Asker
from veche.queries.context import ReadContext
from veche.queries.sync import device_lists
from veche.storage.encryption import cross_signing, device_keys
from veche.storage.reader import Snapshot

Wanted = dict[UserId, Collection[DeviceId]]
"""Devices by user; none named means all."""


class UserKeys(msgspec.Struct, frozen=True):
    """Keys by user, as ``POST /keys/query`` answers. User-signing keys are shown to their owner only."""

    device_keys: dict[UserId, dict[DeviceId, msgspec.Raw]] = {}
    master_keys: dict[UserId, msgspec.Raw] = {}
    self_signing_keys: dict[UserId, msgspec.Raw] = {}
    user_signing_keys: dict[UserId, msgspec.Raw] = {}
    failures: dict[str, msgspec.Raw] = {}


async def keys_of(ctx: ReadContext, asker: Asker, wanted: Wanted) -> msgspec.Raw:
    """Return the keys of people of this server, with the signatures that the asker may see.

    People without keys have an empty entry; unknown ones are left out (section Downloading device identity keys).
    """
    users = [user for user in wanted if is_name(user)]
    # The answer is encoded on the reader's thread: for a large room it would hold up the loop.
    return await ctx.reader.run(lambda at: msgspec.Raw(json.encode(_keys_of(at, asker, wanted, users))))


async def key_changes(ctx: ReadContext, asker: Asker, since: Position) -> device_lists.DeviceLists:
    """Return whose keys changed after ``since``, of those who share a room with the asker, and who no longer does.

    A position that is newer than the log is answered like none (section Query users with recent device key updates).
    """
    return await ctx.reader.run(
        lambda at: device_lists.changes_since(at, asker, since if since <= at.position else Position(0))
    )


def _keys_of(at: Snapshot, asker: Asker, wanted: Wanted, users: list[UserId]) -> UserKeys:
    keys = UserKeys({user: {} for user in device_keys.known_users(at, users)})
    signatures = cross_signing.signatures_seen(at, users, asker.user)
    for one in device_keys.of_users(at, users):
        if not wanted[one.user_id] or one.device_id in wanted[one.user_id]:
            shown = shown_key(one.json, signatures.get((one.user_id, one.device_id), ()), one.device_name)
            keys.device_keys.setdefault(one.user_id, {})[one.device_id] = msgspec.Raw(shown)
    by_usage = {
        "master": keys.master_keys,
        "self_signing": keys.self_signing_keys,
        "user_signing": keys.user_signing_keys,
    }
    for user, key in cross_signing.of_users(at, users):
        if key.usage != "user_signing" or user == asker.user:
            by_usage[key.usage][user] = msgspec.Raw(shown_key(key.json, signatures.get((user, key.public_key), ())))
    return keys
