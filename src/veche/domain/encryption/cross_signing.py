"""Cross-signing keys: their shape, who must have signed them, and when their owner must reauthenticate."""

from collections.abc import Collection, Mapping
from typing import Any, Literal

import msgspec

from veche.base import json
from veche.domain.encryption.shapes import encode_object, is_name, read_shape
from veche.domain.encryption.signatures import invalid_signature, signatures_by, signed_part, signing_key_id
from veche.domain.ids import UserId
from veche.domain.refusals import Refusal, bad_json, forbidden, invalid_param, missing_param

Usage = Literal["master", "self_signing", "user_signing"]
USAGES: tuple[Usage, ...] = ("master", "self_signing", "user_signing")


class CrossSigningKey(msgspec.Struct, frozen=True):
    """A cross-signing key as it was uploaded: canonical JSON, its own signatures included."""

    usage: Usage
    public_key: str
    json: bytes


KeySet = Mapping[Usage, CrossSigningKey]


class _Shape(msgspec.Struct, frozen=True):
    user_id: str
    usage: list[str]
    keys: dict[str, str]
    signatures: dict[str, dict[str, str]] = {}


def read_keys(given: Mapping[Usage, dict[str, Any] | None], user: UserId) -> KeySet | Refusal:
    """Read the keys of one upload; refuses with 400 what is malformed or somebody else's."""
    keys: dict[Usage, CrossSigningKey] = {}
    for usage, value in given.items():
        if value is None:
            continue
        key = _read_key(usage, value, user)
        if isinstance(key, Refusal):
            return key
        keys[usage] = key
    if len({key.public_key for key in keys.values()}) < len(keys):
        return invalid_param("One public key cannot serve two usages.")
    return keys


def may_upload(present: KeySet, new: KeySet, user: UserId, devices: Collection[str]) -> Refusal | None:
    """Say why these keys cannot take their place beside the present ones.

    400 M_MISSING_PARAM without any master key, 400 M_INVALID_SIGNATURE for a key that the master key has not signed,
    403 for a public key that is the id of one of the user's ``devices``.
    """
    master = new.get("master") or present.get("master")
    if master is None:
        return missing_param("No master signing key is available.", "master_key")
    for usage, key in new.items():
        if key.public_key in devices:
            return forbidden("A device has the same id as this key.")
        if usage != "master" and not _is_signed_by(key, user, master):
            return invalid_signature(f"The {usage} key is not signed by the master key.", f"{usage}_key")
    return None


def needs_reauthentication(present: KeySet, new: KeySet) -> bool:
    """Say whether the upload replaces or adds keys where there is a master key already."""
    return "master" in present and any(is_changed(present, key) for key in new.values())


def is_changed(present: KeySet, key: CrossSigningKey) -> bool:
    """Say whether ``key`` is another than the present one of its usage, signatures apart."""
    known = present.get(key.usage)
    return known is None or _signed(known) != _signed(key)


def replaced_keys(present: KeySet, new: KeySet) -> list[CrossSigningKey]:
    """Return the present keys that end with this upload.

    With a new master key those go as well that only the old one has signed.
    """
    master = new.get("master")
    all_end = master is not None and is_changed(present, master)
    return [key for usage, key in present.items() if all_end or (usage in new and is_changed(present, new[usage]))]


def _read_key(usage: Usage, value: dict[str, Any], user: UserId) -> CrossSigningKey | Refusal:
    field = f"{usage}_key"
    shape = read_shape(value, _Shape, field)
    if isinstance(shape, Refusal):
        return shape
    if shape.user_id != user:
        return invalid_param(f"{field}.user_id is not the user who uploads it.", f"{field}.user_id")
    if usage not in shape.usage:
        return invalid_param(f"{field}.usage must name {usage}.", f"{field}.usage")
    public = _public_key(shape.keys)
    if public is None:
        return bad_json(f"{field}.keys must hold exactly one key, named ed25519:<the key itself>.", f"{field}.keys")
    encoded = encode_object({name: part for name, part in value.items() if name != "unsigned"}, field)
    return encoded if isinstance(encoded, Refusal) else CrossSigningKey(usage, public, encoded)


def _public_key(keys: dict[str, str]) -> str | None:
    if len(keys) != 1:
        return None
    [(name, public)] = keys.items()
    return public if name == signing_key_id(public) and is_name(name) and public else None


def _is_signed_by(key: CrossSigningKey, user: UserId, master: CrossSigningKey) -> bool:
    return signing_key_id(master.public_key) in signatures_by(json.decode(key.json), user)


def _signed(key: CrossSigningKey) -> dict[str, Any]:
    return signed_part(json.decode(key.json))
