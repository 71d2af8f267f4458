"""Pictures for the tests: honest ones made with Pillow, and hostile ones put together byte by byte."""

import io
import struct
import zlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

from PIL import Image, ImageCms

RED, GREEN, BLUE, GREY = (200, 30, 30), (30, 160, 30), (30, 30, 200), (128, 128, 128)
PNG = b"\x89PNG\r\n\x1a\n"


async def file_of(content: bytes, part: int = 2**16) -> AsyncIterator[bytes]:
    """Return a file as the store of files would: part by part."""
    for start in range(0, len(content), part):
        yield content[start : start + part]


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """Return an image as a file of that kind."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def decoded(body: bytes) -> Image.Image:
    """Return a thumbnail as an image."""
    image = Image.open(io.BytesIO(body))
    image.load()
    return image


def corners(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Return a picture whose quarters are red (top left), green (top right), blue (bottom left) and grey."""
    image = Image.new("RGB", (width, height), GREY)
    image.paste(RED, (0, 0, width // 2, height // 2))
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    return image.convert(mode)


def colours_at_corners(image: Image.Image) -> list[str]:
    """Name the colours of the four quarters: top left, top right, bottom left, bottom right."""
    plain = image.convert("RGB")
    across, down = plain.width // 4, plain.height // 4
    places = [(across, down), (3 * across, down), (across, 3 * down), (3 * across, 3 * down)]
    return [_name(plain.getpixel(place)) for place in places]


def turned_photograph(orientation: int, width: int = 600, height: int = 400) -> bytes:
    """Return a JPEG as a camera writes it that was held so: upright it is ``corners``, whatever the orientation."""
    undo = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    image = corners(width, height)
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(image if undo is None else image.transpose(undo), "JPEG", exif=exif)


def moving(kind: str, frames: int, size: tuple[int, int] = (120, 80), **options: Any) -> bytes:
    """Return a moving picture whose frames all differ."""
    images = [Image.new("RGBA", size, (number * 37 % 256, number * 11 % 256, 90, 255)) for number in range(frames)]
    return encoded(images[0], kind, save_all=True, append_images=images[1:], **{"duration": 40, **options})


def srgb_profile() -> bytes:
    """Return a profile that changes nothing."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def swapping_profile() -> bytes:
    """Return a matrix profile in which red and blue have changed places."""
    profile = srgb_profile()
    red, blue = profile.index(b"rXYZ"), profile.index(b"bXYZ")
    swapped = bytearray(profile)
    swapped[red : red + 4], swapped[blue : blue + 4] = b"bXYZ", b"rXYZ"
    return bytes(swapped)


def png_of(chunks: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Return a PNG of these chunks."""
    return PNG + b"".join(_chunk(name, content) for name, content in (*chunks, (b"IEND", b"")))


def png_header(width: int, height: int, colour: int = 2) -> tuple[bytes, bytes]:
    """Return a PNG's first chunk: eight bits a channel, colour type as given."""
    return b"IHDR", struct.pack("!IIBBBBB", width, height, 8, colour, 0, 0, 0)


def huge_png(width: int, height: int) -> bytes:
    """Return a PNG of a few kilobytes that promises any number of pixels, and begins to keep the promise."""
    return png_of([png_header(width, height), (b"IDAT", zlib.compress(b"\0" * 2_000_000, 9))])


def stuffed_png(name: bytes, head: bytes, size: int) -> bytes:
    """Return a small PNG with a chunk that unpacks to ``size`` bytes."""
    small = [(b"IDAT", zlib.compress(b"\0" + b"\x80" * 3))]
    return png_of([png_header(1, 1), (name, head + zlib.compress(b"\0" * size, 9)), *small])


def endless_gif(frames: int, width: int = 4, height: int = 4) -> bytes:
    """Return a GIF of so many frames, about 30 bytes each."""
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"\x21\xf9\x04\0\x01\0\0\0" + b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\0"
    return head + frame * frames + b"\x3b"


def riff(*chunks: bytes) -> bytes:
    """Return a WebP file of these chunks."""
    content = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(content)) + content


def riff_chunk(name: bytes, content: bytes) -> bytes:
    """Return one chunk of a WebP."""
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def webp_canvas(width: int, height: int) -> bytes:
    """Return the header of an animated WebP."""
    sides = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    return riff_chunk(b"VP8X", b"\x02\0\0\0" + sides) + riff_chunk(b"ANIM", bytes(6))


def nested_webp(depth: int) -> bytes:
    """Return a WebP whose frames lie in frames that lie in frames."""
    inner = b""
    for _ in range(depth):
        inner = riff_chunk(b"ANMF", bytes(16) + inner)
    return riff(webp_canvas(16, 16), inner)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack("!I", len(content)) + name + content + struct.pack("!I", zlib.crc32(name + content))


def _name(pixel: Any) -> str:
    known = {"red": RED, "green": GREEN, "blue": BLUE, "grey": GREY}
    return min(known, key=lambda name: sum((a - b) ** 2 for a, b in zip(known[name], pixel, strict=True)))
