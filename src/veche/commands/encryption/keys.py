"""Uploading a device's keys, and claiming other devices' one-time keys."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec

from veche.base import json
from veche.commands.context import Context
from veche.commands.encryption.accepting import accepted, expect_device
from veche.domain.encryption.device_keys import (
    MOST_ONE_TIME_KEYS,
    SIGNED_CURVE25519,
    NamedKey,
    read_device_keys,
    read_fallback_keys,
    read_one_time_keys,
)
from veche.domain.encryption.shapes import is_name
from veche.domain.encryption.signatures import signed_part, signing_key_id
from veche.domain.facts import Fact
from veche.domain.ids import DeviceId, Position, UserId
from veche.domain.refusals import Refused, invalid_param
from veche.domain.sessions import Asker
from veche.storage.encryption import cross_signing, device_keys, device_lists, one_time_keys
from veche.storage.rows import slices
from veche.storage.writer import Transaction

CLAIMS_AT_ONCE = 100
CLAIMED_KEPT_MS = 7 * 24 * 3_600_000
"""How long a claimed key is remembered, so that an upload that is repeated does not bring it back."""

Claimed = dict[UserId, dict[DeviceId, dict[str, msgspec.Raw]]]
Claim = tuple[UserId, DeviceId, str]


async def upload_keys(
    ctx: Context,
    asker: Asker,
    identity: dict[str, Any] | None,
    one_time: dict[str, Any],
    fallback: dict[str, Any],
) -> dict[str, int]:
    """Store a device's keys and return how many one-time keys it has now, by algorithm.

    Refuses with 400 what is malformed or another device's, and a one-time key whose name another key bears
    (section Uploading keys); then nothing is stored.
    """
    keys = accepted(read_device_keys(identity, asker.user, asker.device)) if identity is not None else None
    added, replaced = accepted(read_one_time_keys(one_time)), accepted(read_fallback_keys(fallback))

    def work(tx: Transaction) -> dict[str, int]:
        expect_device(tx, asker)
        if keys is not None:
            _put_device_keys(tx, asker, keys)
        new = _new_one_time_keys(tx, asker, added)
        _store_keys(tx, ctx, asker, new, replaced)
        return {SIGNED_CURVE25519: 0} | one_time_keys.counts(tx, asker.user, asker.device)

    return await ctx.writer.run(work)


async def claim_keys(ctx: Context, asker: Asker, wanted: dict[UserId, dict[DeviceId, str]]) -> Claimed:
    """Give out one key for each device and algorithm: a one-time key, which is then gone, or the fallback key.

    Unknown users and devices, and those without any key, are left out (section Claiming one-time keys).
    """
    asked = [(user, device, kind) for user, devices in wanted.items() for device, kind in devices.items()]
    claims = [claim for claim in asked if all(map(is_name, claim))]  # what cannot be a name is unknown too
    given: Claimed = {}
    for some in slices(claims, CLAIMS_AT_ONCE):
        for (user, device, kind), key in await ctx.writer.run(partial(_claim, ctx, some)):
            given.setdefault(user, {})[device] = {f"{kind}:{key[0]}": msgspec.Raw(key[1])}
    return given


def _put_device_keys(tx: Transaction, asker: Asker, keys: bytes) -> None:
    present = device_keys.find(tx, asker.user, asker.device)
    if present == keys:
        return
    if present is not None and signed_part(json.decode(present)) != signed_part(json.decode(keys)):
        cross_signing.delete_signatures(tx, asker.user, asker.device, signing_key_id(asker.device))
    device_keys.put(tx, asker.user, asker.device, keys)
    device_lists.record_change(tx, asker.user)


def _new_one_time_keys(tx: Transaction, asker: Asker, added: list[NamedKey]) -> list[NamedKey]:
    """Return those that are not known yet; refuse a name that another key bears."""
    present = one_time_keys.digests(tx, asker.user, asker.device)
    for key in added:
        if present.get(key.name, key.digest) != key.digest:
            raise Refused(invalid_param(f"One time key {key.name} already exists and is another one.", "one_time_keys"))
    claimed = one_time_keys.claimed_among(tx, asker.user, asker.device, [key.digest for key in added])
    new = [key for key in added if key.name not in present and key.digest not in claimed]
    if len(present) + len(new) > MOST_ONE_TIME_KEYS:
        raise Refused(invalid_param(f"A device has at most {MOST_ONE_TIME_KEYS} one-time keys.", "one_time_keys"))
    return new


def _store_keys(tx: Transaction, ctx: Context, asker: Asker, new: list[NamedKey], replaced: list[NamedKey]) -> None:
    changed = [one_time_keys.put_fallback(tx, asker.user, asker.device, key) for key in replaced]
    if not new and not any(changed):
        return
    position = _announce_counts(tx, ctx, asker.user, asker.device)
    for key in new:
        one_time_keys.add(tx, asker.user, asker.device, key, position)
    one_time_keys.forget_claimed(tx, asker.user, asker.device, ctx.clock() - CLAIMED_KEPT_MS)


def _claim(ctx: Context, claims: Sequence[Claim], tx: Transaction) -> list[tuple[Claim, tuple[str, bytes]]]:
    now = ctx.clock()
    given = [(claim, _take(tx, ctx, claim, now)) for claim in claims]
    return [(claim, key) for claim, key in given if key is not None]


def _take(tx: Transaction, ctx: Context, claim: Claim, now: int) -> tuple[str, bytes] | None:
    user, device, kind = claim
    key = one_time_keys.take(tx, user, device, kind, now)
    if key is not None:
        _announce_counts(tx, ctx, user, device)
        return key
    fallback = one_time_keys.use_fallback(tx, user, device, kind)
    if fallback is None:
        return None
    if fallback[2]:
        _announce_counts(tx, ctx, user, device)
    return fallback[0], fallback[1]


def _announce_counts(tx: Transaction, ctx: Context, user: UserId, device: DeviceId) -> Position:
    """Tell a device that its one-time or fallback keys changed; return the position of that."""
    tx.after(partial(ctx.live.key_counts.drop, user, device))
    return tx.record(Fact("one_time_keys", user=user, device=device))
