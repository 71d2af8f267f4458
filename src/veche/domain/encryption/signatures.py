"""Signatures on keys: what they are made over, which ones a person may add, and how they are shown.

The server checks who signs what; whether a signature is true only clients can and do decide.
"""

from collections.abc import Collection, Iterable
from typing import Any

from veche.base import json
from veche.domain.ids import UserId
from veche.domain.refusals import Refusal, bad_json

Signature = tuple[UserId, str, str]
"""Who signed, the signing key's id (``ed25519:…``), the signature."""

_UNSIGNED = ("signatures", "unsigned")
_LONGEST_SIGNATURE = 1_000


def invalid_signature(text: str, field: str | None = None) -> Refusal:
    """400: a signature is missing, or is not by a key that may sign this."""
    return Refusal("M_INVALID_SIGNATURE", 400, text, field)


def signing_key_id(name: str) -> str:
    """Return the id of an Ed25519 key: a device's, or a cross-signing key's public half."""
    return f"ed25519:{name}"


def signed_part(key: dict[str, Any]) -> dict[str, Any]:
    """Return what a signature is made over (appendices, Signing JSON)."""
    return {name: value for name, value in key.items() if name not in _UNSIGNED}


def signatures_by(key: dict[str, Any], signer: UserId) -> dict[str, str]:
    """Return the well-formed signatures by ``signer`` that stand in a key, by signing key id."""
    signatures = key.get("signatures")
    own = signatures.get(signer) if isinstance(signatures, dict) else None
    if not isinstance(own, dict):
        return {}
    return {name: text for name, text in own.items() if _is_signature(text)}


def new_signatures(given: Any, stored: bytes, signer: UserId, allowed: Collection[str]) -> dict[str, str] | Refusal:
    """Return the signatures in ``given`` that ``signer`` may add to the stored key, by signing key id.

    ``allowed`` are the signing key ids that may sign it. Refuses with 400 M_INVALID_SIGNATURE where the signed part
    is another than what is stored, or no such signature is there (section Uploading cross-signing signatures).
    """
    if not isinstance(given, dict):
        return bad_json("A signed key must be an object.")
    if signed_part(given) != signed_part(json.decode(stored)):
        return invalid_signature("The signed key is not the one that was uploaded.")
    found = {name: text for name, text in signatures_by(given, signer).items() if name in allowed}
    return found or invalid_signature("No signature by a key that may sign this was found.")


def shown_key(key: bytes, added: Iterable[Signature], device_name: str | None = None) -> bytes:
    """Return a key as readers see it: with the signatures added since its upload and the device's name."""
    shown = _merged(key, list(added))
    if device_name is None:
        return shown
    return b'%b,"unsigned":%b}' % (shown[:-1], json.encode({"device_display_name": device_name}))


def _is_signature(text: Any) -> bool:
    return isinstance(text, str) and len(text) <= _LONGEST_SIGNATURE and text.isascii() and text.isprintable()


def _merged(key: bytes, added: list[Signature]) -> bytes:
    if not added:
        return key
    whole = json.decode(key)
    signatures = whole.setdefault("signatures", {})
    for signer, key_id, text in added:
        signatures.setdefault(signer, {})[key_id] = text
    return json.encode(whole)
