"""What both sides of the pipe know: the wish, the picture, the limits and the refusals. No decoder, no process."""

from typing import Literal

import msgspec

Method = Literal["scale", "crop"]
ContentType = Literal["image/jpeg", "image/png", "image/webp"]

_MIB = 2**20


class Size(msgspec.Struct, frozen=True):
    """A wished size in pixels; ``animated`` asks for a moving picture where the source moves."""

    width: int
    height: int
    method: Method = "scale"
    animated: bool = False


class Picture(msgspec.Struct, frozen=True):
    """A finished picture, without any of the source's metadata."""

    body: bytes
    content_type: ContentType
    width: int
    height: int


class Bounds(msgspec.Struct, frozen=True):
    """How much one picture may take; sizes in bytes.

    ``pixels`` are those decoded at once, so a JPEG, which can be decoded at an eighth of its size, may have
    ``jpeg_pixels``, and a WebP, which takes twice the memory of others, only ``webp_pixels``.
    What has more ``frames`` or ``moving_pixels`` (those of all its frames), or would move in more
    than ``picture_bytes``, stands still.
    ``seconds`` are of the clock, for the file's way and again for the work; ``cpu_seconds`` of a core. The work has
    so much more of the clock that who runs out of that had no core: this says nothing about the picture.
    """

    source_bytes: int = 64 * _MIB
    picture_bytes: int = 16 * _MIB
    pixels: int = 40_000_000
    jpeg_pixels: int = 200_000_000
    webp_pixels: int = 25_000_000
    frames: int = 100
    moving_pixels: int = 40_000_000
    seconds: float = 30.0
    cpu_seconds: int = 10
    memory: int = 512 * _MIB


class Answer(msgspec.Struct, frozen=True):
    """What stands before a picture in the pipe, or in its place: ``fault`` says why there is none.

    ``is_secluded`` tells whether the kernel watches the process's calls.
    """

    fault: Literal["", "not a picture", "too large"] = ""
    reason: str = ""
    content_type: ContentType = "image/jpeg"
    width: int = 0
    height: int = 0
    length: int = 0
    is_secluded: bool = True


class NotAPicture(Exception):
    """The bytes are no picture of a known kind, or a broken one. The text may be shown to people."""


class DecoderDied(NotAPicture):
    """The process ended while it worked on these bytes: because of them, or because somebody ended it."""


class PictureTooLarge(Exception):
    """The picture has too many bytes or pixels, or takes too much memory or time. The text may be shown to people."""
