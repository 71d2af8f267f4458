"""Files and pictures as people send them, whatever client library they use."""

import io

import msgspec
from PIL import Image


class Attachment(msgspec.Struct, frozen=True):
    """A file that is sent; ``thumbnail`` is what its sender made of it, for rooms in which the server cannot."""

    name: str
    content_type: str
    content: bytes
    size: tuple[int, int] | None = None
    thumbnail: bytes | None = None


class Received(msgspec.Struct, frozen=True):
    """A file that arrived: its name and type as it was sent, its content as it was fetched, and a thumbnail if any."""

    name: str
    content_type: str
    content: bytes
    is_encrypted: bool
    thumbnail: bytes | None


def picture(name: str) -> Attachment:
    """A picture of 640 by 480, with a thumbnail of its sender's."""
    drawn = Image.linear_gradient("L").resize((640, 480)).convert("RGB")
    small = drawn.copy()
    small.thumbnail((320, 240))
    return Attachment(name, "image/png", _encoded(drawn), drawn.size, _encoded(small))


def size_of(content: bytes) -> tuple[int, int]:
    """The size of a picture, which is decoded whole."""
    with Image.open(io.BytesIO(content)) as shown:
        shown.load()
        return shown.size


def _encoded(drawn: Image.Image) -> bytes:
    out = io.BytesIO()
    drawn.save(out, "PNG")
    return out.getvalue()
