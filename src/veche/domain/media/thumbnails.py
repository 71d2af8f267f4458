"""Thumbnails: which sizes are made, and which of them answers a request (section Thumbnails)."""

from typing import Literal

import msgspec

from veche.domain.ids import Digest
from veche.domain.refusals import Refusal, invalid_param, too_large

Method = Literal["crop", "scale"]
Fault = Literal["no picture", "too large"]


class Size(msgspec.Struct, frozen=True):
    """A thumbnail's size in pixels: filled by a piece of the picture (crop), or the box that holds all (scale)."""

    width: int
    height: int
    method: Method
    animated: bool = False

    @property
    def name(self) -> str:
        """How this size is called in the database."""
        return f"{self.width}x{self.height} {self.method}{' animated' if self.animated else ''}"


class Thumbnail(msgspec.Struct, frozen=True):
    """A thumbnail by its row; without a digest none could be made, because of ``fault``. ``size`` is in bytes."""

    source: Digest
    size_name: str
    digest: Digest | None
    size: int
    content_type: str
    fault: Fault | None
    made_ts: int


LADDER = (
    Size(32, 32, "crop"),
    Size(96, 96, "crop"),
    Size(320, 240, "scale"),
    Size(640, 480, "scale"),
    Size(800, 600, "scale"),
)
CANNOT = Refusal("M_UNKNOWN", 400, "No thumbnail can be made of this file.")
TOO_LARGE = too_large("The file is too large to make a thumbnail of it.")
FAULTS: dict[Fault, Refusal] = {"no picture": CANNOT, "too large": TOO_LARGE}
RETRY_MS = 86_400_000
"""A file of which no thumbnail could be made is tried again after a day: the server may have learned something."""


def may_want(width: int, height: int) -> Refusal | None:
    """Say whether a thumbnail can have such a size."""
    if width < 1 or height < 1:
        return invalid_param("width and height are numbers of pixels, at least 1.", "width" if width < 1 else "height")
    return None


def is_final(thumbnail: Thumbnail, now: int) -> bool:
    """Say whether what is known of a thumbnail is still to be believed."""
    return thumbnail.digest is not None or thumbnail.made_ts > now - RETRY_MS


def size_for(width: int, height: int, method: Method, *, animated: bool) -> Size:
    """Return the size that answers a request: the next that is not smaller, else the largest.

    Pieces are made only of small sizes; larger ones show all of the picture, so that nothing wanted is missing.
    """
    steps = LADDER if method == "crop" else [step for step in LADDER if step.method == "scale"]
    found = next((step for step in steps if step.width >= width and step.height >= height), LADDER[-1])
    return msgspec.structs.replace(found, animated=animated)
