"""Cross-signing: uploading keys and signatures (section Cross-signing)."""

from typing import Any

import msgspec

from veche.api.http.contract import Door, Empty, Endpoint
from veche.commands.encryption import cross_signing
from veche.domain.encryption.cross_signing import Usage
from veche.domain.ids import UserId
from veche.domain.sessions import Asker


class KeysBody(msgspec.Struct, frozen=True):
    """Cross-signing keys; ``auth`` is the proof of reauthentication, where one was asked for."""

    master_key: dict[str, Any] | None = None
    self_signing_key: dict[str, Any] | None = None
    user_signing_key: dict[str, Any] | None = None
    auth: dict[str, Any] | None = None


class Keys(msgspec.Struct, frozen=True):
    """``POST /keys/device_signing/upload``."""

    body: KeysBody


class Signatures(msgspec.Struct, frozen=True):
    """``POST /keys/signatures/upload``: signed keys by owner and key id."""

    body: dict[UserId, dict[str, Any]]


class Signed(msgspec.Struct, frozen=True):
    """Why some signatures were not stored, as errors by owner and key id."""

    failures: dict[UserId, dict[str, dict[str, str]]]


async def upload_keys(door: Door, asker: Asker, query: Keys) -> Empty:
    """Publish the asker's cross-signing keys."""
    body = query.body
    given: dict[Usage, dict[str, Any] | None] = {
        "master": body.master_key,
        "self_signing": body.self_signing_key,
        "user_signing": body.user_signing_key,
    }
    await cross_signing.upload_cross_signing_keys(door.commands, asker, given, body.auth)
    return Empty()


async def upload_signatures(door: Door, asker: Asker, query: Signatures) -> Signed:
    """Publish the asker's signatures on keys."""
    refused = await cross_signing.upload_signatures(door.commands, asker, query.body)
    return Signed(
        {
            owner: {key_id: {"errcode": why.code, "error": why.text} for key_id, why in keys.items()}
            for owner, keys in refused.items()
        }
    )


ENDPOINTS = (
    Endpoint("POST", "/_matrix/client/v3/keys/device_signing/upload", "user", "write", Keys, Empty, upload_keys),
    Endpoint(
        "POST", "/_matrix/client/v3/keys/signatures/upload", "user", "write", Signatures, Signed, upload_signatures
    ),
)
