"""Files as records, and the refusals that are said about them. Where contents are kept is not known here."""

from typing import NewType

import msgspec

from veche.domain.ids import Digest, UserId
from veche.domain.refusals import Refusal, not_found

MediaId = NewType("MediaId", str)

NO_FILE = not_found("There is no such file, or you may not see it.")
"""Said alike of files that never were, that are gone, that are elsewhere and that are not for the asker."""
NOT_YET = Refusal("M_NOT_YET_UPLOADED", 504, "The file has not been uploaded yet; please try again later.")

STORE_FULL = Refusal("M_RESOURCE_LIMIT_EXCEEDED", 507, "The store of files is full.")
STORE_AWAY = Refusal(
    "M_UNKNOWN", 503, "The store of files cannot be reached; please try again.", extra={"retry_after_ms": 10_000}
)


class File(msgspec.Struct, frozen=True):
    """A file by its row. Without a digest it was announced only, and may be uploaded until ``expires_ts``.

    ``is_loose``: its owner has not referred to it in any event or profile yet. Times are milliseconds since 1970.
    """

    media_id: MediaId
    owner: UserId
    created_ts: int
    expires_ts: int | None
    digest: Digest | None
    size: int
    content_type: str
    file_name: str | None
    is_loose: bool
    removed_ts: int | None = None

    def is_there(self, now: int) -> bool:
        """Say whether the file has not been removed, nor its time to be uploaded run out."""
        return self.removed_ts is None and (self.expires_ts is None or self.expires_ts > now)


class Usage(msgspec.Struct, frozen=True):
    """How many files somebody has, and how many bytes they hold; what is stored once counts for each who has it."""

    files: int = 0
    bytes: int = 0
