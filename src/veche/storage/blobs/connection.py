"""The connection to S3-compatible storage: made from one setting and from nothing that lies about on the machine."""

import os
from functools import cache
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from veche.storage.blobs import BlobFault, BlobMissing, BlobsAway, BlobsFull
from veche.storage.blobs.place import Patience, S3Place

_FULL = {"XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "QuotaExceeded", "InsufficientStorage"}
_LONGEST_REASON = 300


class Connection:
    """Two clients: ``client`` asks again where that is harmless, ``once`` sends every request a single time."""

    def __init__(self, place: S3Place, patience: Patience) -> None:
        session = _secluded()
        # The library makes the methods of a client when it reads the service's description: no type tells them.
        self.client: Any
        self.once: Any
        self.client, self.once = [
            session.create_client(
                "s3",
                endpoint_url=place.endpoint,
                region_name=place.region,
                verify=place.ca or True,
                aws_access_key_id=place.key,
                aws_secret_access_key=place.secret,
                config=_config(patience, attempts),
            )
            for attempts in (patience.attempts, 1)
        ]
        for client in (self.client, self.once):
            client.meta.events.register_first("before-send.s3", _Guard(place.endpoint))

    def close(self) -> None:
        """Close the connections that are kept open."""
        self.client.close()
        self.once.close()


def fault_of(error: Exception) -> BlobFault:
    """Return what an exception of the library means. Its text never holds a key, nor what the endpoint has sent."""
    answer = error if isinstance(error, ClientError) else error.__context__
    if isinstance(answer, ClientError):
        code = str(answer.response.get("Error", {}).get("Code", "?"))[:_LONGEST_REASON]
        status = answer.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code == "NoSuchKey":
            return BlobMissing("not in the bucket")
        kind = BlobsFull if status == 507 or code in _FULL else BlobsAway
        return kind(f"{answer.operation_name} was answered {status} {code}")
    if isinstance(error, BotoCoreError):
        return BlobsAway(str(error)[:_LONGEST_REASON])
    return BlobsAway(f"the answer makes no sense ({type(error).__name__})")


class _Guard:
    """Lets no request pass that the library would send elsewhere, to another region's endpoint for instance."""

    def __init__(self, endpoint: str) -> None:
        self._start = endpoint.rstrip("/") + "/"

    def __call__(self, request: Any, **_: Any) -> None:
        if not request.url.startswith(self._start):
            raise BlobsAway("the storage sends us to another address")


@cache
def _secluded() -> Session:
    """Return a session that reads neither environment nor files: both may name other places, keys and proxies.

    It holds nothing of a place; what it has read of the library's own descriptions serves every client.
    """
    known = {
        name: (None, None, default, convert) for name, (_, _, default, convert) in Session.SESSION_VARIABLES.items()
    }
    files = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    return Session(session_vars=known | files)


def _config(patience: Patience, attempts: int) -> Config:
    return Config(
        signature_version="s3v4",
        connect_timeout=patience.connect,
        read_timeout=patience.silence,
        retries={"total_max_attempts": attempts, "mode": "standard"},
        max_pool_connections=16,
        proxies={},
        s3={"addressing_style": "path", "payload_signing_enabled": True},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
