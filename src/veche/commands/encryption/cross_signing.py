"""Uploading cross-signing keys, and signatures on keys."""

from collections.abc import Mapping
from typing import Any

from veche.base import json
from veche.commands.context import Context
from veche.commands.encryption.accepting import accepted, expect_device
from veche.commands.sessions.reauthenticating import reauthenticate
from veche.domain.encryption.cross_signing import (
    KeySet,
    Usage,
    is_changed,
    may_upload,
    needs_reauthentication,
    read_keys,
    replaced_keys,
)
from veche.domain.encryption.shapes import is_name
from veche.domain.encryption.signatures import new_signatures, signing_key_id
from veche.domain.ids import DeviceId, UserId
from veche.domain.refusals import Refusal, Refused, forbidden, not_found, refuse
from veche.domain.sessions import Asker
from veche.storage import devices
from veche.storage.encryption import cross_signing, device_keys, device_lists
from veche.storage.rows import Rows
from veche.storage.writer import Transaction

PURPOSE = "replace cross-signing keys"
MOST_SIGNED_KEYS = 500

SignedKeys = dict[UserId, dict[str, Any]]
"""Signed keys by their owner and their id: a device's, or the public key of a cross-signing key."""


async def upload_cross_signing_keys(
    ctx: Context, asker: Asker, given: Mapping[Usage, dict[str, Any] | None], auth: dict[str, Any] | None
) -> None:
    """Store cross-signing keys. Where there are some already, new ones need reauthentication.

    Refuses with 400 M_MISSING_PARAM without any master key, 400 M_INVALID_SIGNATURE for a key that the master key
    has not signed, 401 until the asker has proven the password (section Uploading cross-signing keys).
    """
    new = accepted(read_keys(given, asker.user))
    present = await ctx.reader.run(lambda at: _present(at, asker, new))
    is_proven = needs_reauthentication(present, new)
    if is_proven:
        await reauthenticate(ctx, asker, PURPOSE, auth)

    def work(tx: Transaction) -> None:
        expect_device(tx, asker)
        now = _present(tx, asker, new)
        if not is_proven and needs_reauthentication(now, new):
            raise Refused(forbidden("Other cross-signing keys were uploaded at this moment."))
        _replace(tx, asker.user, now, new)

    await ctx.writer.run(work)


async def upload_signatures(ctx: Context, asker: Asker, signed: SignedKeys) -> dict[UserId, dict[str, Refusal]]:
    """Store the asker's signatures on keys; return why some were not, by owner and key id.

    One's self-signing key signs one's devices, one's devices sign one's master key, one's user-signing key signs the
    master keys of others (section Cross-signing).
    """
    if sum(map(len, signed.values())) > MOST_SIGNED_KEYS:
        raise Refused(Refusal("M_INVALID_PARAM", 400, f"More than {MOST_SIGNED_KEYS} signed keys at once."))
    return await ctx.writer.run(lambda tx: _sign_all(tx, asker, signed))


def _present(rows: Rows, asker: Asker, new: KeySet) -> KeySet:
    present = cross_signing.find(rows, asker.user)
    names = {device.device_id for device in devices.all_of(rows, asker.user)}
    refuse(may_upload(present, new, asker.user, names))
    return present


def _replace(tx: Transaction, user: UserId, present: KeySet, new: KeySet) -> None:
    changed = [key for key in new.values() if is_changed(present, key)]
    for key in replaced_keys(present, new):
        cross_signing.delete(tx, user, key)
        cross_signing.delete_signatures(tx, user, key.public_key, signing_key_id(key.public_key))
    for key in changed:
        cross_signing.put(tx, user, key)
    if changed:
        device_lists.record_change(tx, user)


def _sign_all(tx: Transaction, asker: Asker, signed: SignedKeys) -> dict[UserId, dict[str, Refusal]]:
    expect_device(tx, asker)
    failures: dict[UserId, dict[str, Refusal]] = {}
    for owner, keys in signed.items():
        added = False
        for key_id, given in keys.items():
            outcome = _sign(tx, asker, owner, key_id, given)
            if isinstance(outcome, Refusal):
                failures.setdefault(owner, {})[key_id] = outcome
            else:
                added = added or outcome
        if added and owner == asker.user:
            device_lists.record_change(tx, owner)
        elif added:
            device_lists.record_change_for(tx, owner, asker.user)
    return failures


def _sign(tx: Transaction, asker: Asker, owner: UserId, key_id: str, given: Any) -> bool | Refusal:
    """Store the signatures on one key; say whether any of them is new."""
    target = _target(tx, asker, owner, key_id) if is_name(owner) and is_name(key_id) else None
    if target is None:
        return not_found("There is no such key, or it is not for the asker to sign.")
    stored, allowed = target
    found = new_signatures(given, stored, asker.user, allowed)
    if isinstance(found, Refusal):
        return found
    own = json.decode(stored).get("signatures", {}).get(asker.user, {})
    fresh = {name: text for name, text in found.items() if own.get(name) != text}
    stored_now = [cross_signing.put_signature(tx, owner, key_id, (asker.user, *pair)) for pair in fresh.items()]
    return any(stored_now)


def _target(tx: Transaction, asker: Asker, owner: UserId, key_id: str) -> tuple[bytes, list[str]] | None:
    """Return the key that is to be signed, and the ids of the asker's keys that may sign it."""
    own, theirs = cross_signing.find(tx, asker.user), cross_signing.find(tx, owner)
    master = theirs.get("master")
    if master is not None and master.public_key == key_id:
        if owner == asker.user:
            signers = [str(device.device_id) for device in devices.all_of(tx, owner)]
        else:
            signers = [own["user_signing"].public_key] if "user_signing" in own else []
        return master.json, list(map(signing_key_id, signers))
    device = device_keys.find(tx, owner, DeviceId(key_id)) if owner == asker.user else None
    signer = own.get("self_signing")
    return (device, [signing_key_id(signer.public_key)]) if device is not None and signer is not None else None
