"""Device keys, one-time keys and fallback keys: what a device may upload (section Uploading keys)."""

import hashlib
from typing import Any

import msgspec

from veche.base import json
from veche.domain.encryption.shapes import encode_object, is_name, read_shape
from veche.domain.encryption.signatures import signed_part
from veche.domain.ids import DeviceId, UserId
from veche.domain.refusals import Refusal, bad_json, invalid_param

SIGNED_CURVE25519 = "signed_curve25519"
MOST_ONE_TIME_KEYS = 1_000
"""How many unclaimed one-time keys a device may have; clients keep about fifty."""


class DeviceKeys(msgspec.Struct, frozen=True):
    """The shape of a device's identity keys; other members are kept as they come."""

    user_id: str
    device_id: str
    algorithms: list[str]
    keys: dict[str, str]
    signatures: dict[str, dict[str, str]]


class KeyObject(msgspec.Struct, frozen=True):
    """The shape of a signed one-time or fallback key."""

    key: str
    signatures: dict[str, dict[str, str]]


class NamedKey(msgspec.Struct, frozen=True):
    """A one-time or fallback key as canonical JSON. ``digest`` is over the key without its signatures."""

    algorithm: str
    key_id: str
    json: bytes
    digest: bytes

    @property
    def name(self) -> str:
        """The key's name in uploads and answers."""
        return f"{self.algorithm}:{self.key_id}"


def read_device_keys(given: dict[str, Any], user: UserId, device: DeviceId) -> bytes | Refusal:
    """Return identity keys as they are stored; refuses with 400 those of another user or device."""
    shape = read_shape(given, DeviceKeys, "device_keys")
    if isinstance(shape, Refusal):
        return shape
    if shape.user_id != user:
        return invalid_param("device_keys.user_id is not the user who uploads them.", "device_keys.user_id")
    if shape.device_id != device:
        return invalid_param("device_keys.device_id is not the device that uploads them.", "device_keys.device_id")
    return encode_object({name: value for name, value in given.items() if name != "unsigned"}, "device_keys")


def read_one_time_keys(given: dict[str, Any]) -> list[NamedKey] | Refusal:
    """Return one-time keys as they are stored; refuses with 400 what is malformed."""
    if len(given) > MOST_ONE_TIME_KEYS:
        return invalid_param(f"More than {MOST_ONE_TIME_KEYS} one-time keys at once.", "one_time_keys")
    return _named_keys(given, "one_time_keys")


def read_fallback_keys(given: dict[str, Any]) -> list[NamedKey] | Refusal:
    """Return fallback keys as they are stored; refuses with 400 what is malformed or a second one of an algorithm."""
    keys = _named_keys(given, "fallback_keys")
    if not isinstance(keys, Refusal) and len({key.algorithm for key in keys}) < len(keys):
        return invalid_param("There can be only one fallback key per algorithm.", "fallback_keys")
    return keys


def _named_keys(given: dict[str, Any], field: str) -> list[NamedKey] | Refusal:
    keys: list[NamedKey] = []
    for name, value in given.items():
        key = _named_key(name, value, field)
        if isinstance(key, Refusal):
            return key
        keys.append(key)
    return keys


def _named_key(name: str, value: Any, field: str) -> NamedKey | Refusal:
    algorithm, _, key_id = name.partition(":")
    if not (is_name(name) and algorithm and key_id):
        return bad_json(f"{field}: {name!r} is not of the form <algorithm>:<key id>.", field)
    shape = read_shape(value, KeyObject, f"{field}.{name}") if not isinstance(value, str) else value
    if isinstance(shape, Refusal):
        return shape
    encoded = encode_object(value, f"{field}.{name}")
    if isinstance(encoded, Refusal):
        return encoded
    signed = value if isinstance(value, str) else signed_part(value)
    return NamedKey(algorithm, key_id, encoded, hashlib.sha256(json.encode([name, signed])).digest())
