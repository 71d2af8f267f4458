"""Quotas: how large a file may be, how much somebody may keep, how many uploads may be pending."""

from veche.domain.media.records import Usage
from veche.domain.refusals import Refusal, forbidden, too_large
from veche.domain.settings import Limits

MOST_UPLOADS_AT_ONCE = 20
"""Uploads of one person under way at the same moment."""
MOST_DOWNLOADS_AT_ONCE = 20
"""Downloads of one person under way at the same moment, on all devices."""
MOST_DOWNLOADS_OF_ALL = 200
"""Downloads of everybody: each takes memory for as long as its client takes to read it."""
_WAIT_MS = 5_000
_PENDING_WAIT_MS = 60_000


def may_be_so_large(size: int, limits: Limits) -> Refusal | None:
    """Say whether a file may have ``size`` bytes; 413 otherwise."""
    if size > limits.largest_upload:
        return too_large(f"A file may have at most {limits.largest_upload} bytes.")
    return None


def may_keep(size: int, own: Usage, whole: Usage, limits: Limits) -> Refusal | None:
    """Say whether somebody who has ``own`` may keep ``size`` bytes more on a server that holds ``whole``.

    403 where it is their own quota that is reached, 507 where it is the server's.
    """
    if limits.quota_per_person and own.bytes + size > limits.quota_per_person:
        used = f"{own.bytes} of {limits.quota_per_person} bytes are used"
        return forbidden(f"The file does not fit into your quota: {used}.")
    if limits.quota_of_server and whole.bytes + size > limits.quota_of_server:
        return Refusal("M_RESOURCE_LIMIT_EXCEEDED", 507, "The server's place for files is used up.")
    return None


def may_create(pending: int, limits: Limits) -> Refusal | None:
    """Say whether somebody with so many pending uploads may announce one more; 429 otherwise."""
    if pending < limits.pending_uploads:
        return None
    text = f"At most {limits.pending_uploads} uploads may be pending; please finish some first."
    return Refusal("M_LIMIT_EXCEEDED", 429, text, extra={"retry_after_ms": _PENDING_WAIT_MS})


def may_begin(under_way: int) -> Refusal | None:
    """Say whether somebody with so many uploads under way may begin one more; 429 otherwise."""
    if under_way < MOST_UPLOADS_AT_ONCE:
        return None
    text = f"At most {MOST_UPLOADS_AT_ONCE} uploads go on at once; please wait for one to end."
    return Refusal("M_LIMIT_EXCEEDED", 429, text, extra={"retry_after_ms": _WAIT_MS})


def may_download(own: int, all_of_them: int) -> Refusal | None:
    """Say whether somebody with ``own`` downloads under way may begin one more; 429, or 503 where all have too many."""
    extra = {"retry_after_ms": _WAIT_MS}
    if own >= MOST_DOWNLOADS_AT_ONCE:
        text = f"At most {MOST_DOWNLOADS_AT_ONCE} downloads go on at once; please wait for one to end."
        return Refusal("M_LIMIT_EXCEEDED", 429, text, extra=extra)
    if all_of_them >= MOST_DOWNLOADS_OF_ALL:
        return Refusal("M_UNKNOWN", 503, "Too many files are being downloaded; please try again.", extra=extra)
    return None
