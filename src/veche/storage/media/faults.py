"""What is said where the store of files cannot do its work."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from veche.domain.media.records import NO_FILE, STORE_AWAY, STORE_FULL
from veche.domain.refusals import Refusal, Refused
from veche.storage.blobs import BlobFault, BlobMissing, BlobsFull

_log = logging.getLogger("veche.storage")


@contextmanager
def explained() -> Iterator[None]:
    """Turn a fault of the store into a refusal: 507 full, 503 away, 404 where it has lost a content."""
    try:
        yield
    except BlobFault as fault:
        _log.warning("the store of files: %s: %s", type(fault).__name__, fault)
        raise Refused(_refusal(fault)) from fault


def _refusal(fault: BlobFault) -> Refusal:
    if isinstance(fault, BlobsFull):
        return STORE_FULL
    return NO_FILE if isinstance(fault, BlobMissing) else STORE_AWAY
