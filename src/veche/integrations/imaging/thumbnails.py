"""Makes a thumbnail with Pillow: open, check, decode small, shrink, turn, to sRGB, encode. Runs in the process only."""

import io
import math
import warnings
from typing import BinaryIO

from PIL import AvifImagePlugin, GifImagePlugin, Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin
from PIL.ImageFile import ImageFile

from veche.integrations.imaging.colours import in_srgb
from veche.integrations.imaging.geometry import Plan, plan
from veche.integrations.imaging.kinds import HEAD, Kind, kind_of
from veche.integrations.imaging.records import Bounds, ContentType, NotAPicture, Picture, PictureTooLarge, Size
from veche.integrations.imaging.turning import is_on_its_side, orientation_of, turned

READERS: dict[Kind, type[ImageFile]] = {
    "jpeg": JpegImagePlugin.JpegImageFile,
    "png": PngImagePlugin.PngImageFile,
    "gif": GifImagePlugin.GifImageFile,
    "webp": WebPImagePlugin.WebPImageFile,
    "avif": AvifImagePlugin.AvifImageFile,
}
"""The readers themselves, not Pillow's list of them: what stands here is tried, and nothing else."""

_PNG_HEAD, _PNG_CHECKSUM = 8, 4
_PNG_PIXELS = (b"IDAT", b"fdAT")
_MOST_CHUNKS = 5_000
_QUALITY = 80
_MOVING_QUALITY = 70
_FASTEST = 0
_SHORTEST_FRAME_MS, _LONGEST_FRAME_MS = 20, 60_000


def thumbnail(source: BinaryIO, wanted: Size, bounds: Bounds) -> Picture:
    """Return ``source`` as a thumbnail. Raises ``NotAPicture`` and ``PictureTooLarge``; ``MemoryError`` passes."""
    try:
        with warnings.catch_warnings(action="ignore"), _opened(source, bounds) as image:
            side = orientation_of(image)
            if is_on_its_side(side):
                wanted = Size(wanted.height, wanted.width, wanted.method, wanted.animated)
            chosen = plan(image.width, image.height, wanted)
            moving = _moving(image, chosen, side, bounds) if wanted.animated else None
            return moving or _still(_shrunk(image, chosen, side))
    except (NotAPicture, PictureTooLarge, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        raise PictureTooLarge("The picture has too many pixels.") from error
    except Exception as error:  # decoders of foreign bytes raise whatever they like
        raise NotAPicture("The picture is broken.") from error


def _opened(source: BinaryIO, bounds: Bounds) -> ImageFile:
    """Read the header, and nothing more where that announces too much."""
    kind = kind_of(source.read(HEAD))
    if kind is None:
        raise NotAPicture("This is no picture of a known kind.")
    if kind == "png":
        _expect_few_chunks(source)
    source.seek(0)
    image = READERS[kind](source)
    most = {"jpeg": bounds.jpeg_pixels, "webp": min(bounds.webp_pixels, bounds.pixels)}.get(kind, bounds.pixels)
    if image.width * image.height > most:
        raise PictureTooLarge(f"The picture has {image.width} x {image.height} pixels, which is too many.")
    return image


def _expect_few_chunks(source: BinaryIO) -> None:
    """Refuse a PNG of very many pieces: each costs the reader far more time than bytes."""
    source.seek(_PNG_HEAD)
    others = 0
    while len(head := source.read(8)) == 8:
        others += head[4:] not in _PNG_PIXELS
        if others > _MOST_CHUNKS:
            raise PictureTooLarge("The picture is made of too many pieces.")
        source.seek(int.from_bytes(head[:4]) + _PNG_CHECKSUM, io.SEEK_CUR)


def _shrunk(image: ImageFile, chosen: Plan, side: int) -> Image.Image:
    """Return what the plan shows of the current frame, upright, in sRGB, as L, RGB or RGBA, and nothing besides."""
    box = chosen.box
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        box = _drafted(image, chosen)
    image.load()
    profile = image.info.get("icc_profile")
    plain = _plain(image)
    if (plain.width, plain.height) != (chosen.width, chosen.height):
        plain = plain.resize((chosen.width, chosen.height), Image.Resampling.LANCZOS, box=box, reducing_gap=2.0)
    elif plain is image:
        plain = image.copy()  # of this frame alone: the file goes on to the next
    plain = in_srgb(turned(plain, side), profile)
    plain.info = {}
    return plain


def _drafted(image: JpegImagePlugin.JpegImageFile, chosen: Plan) -> tuple[float, float, float, float]:
    """Let a JPEG be decoded at a fraction of its size, at least twice what is needed; return the box in that."""
    left, top, right, bottom = chosen.box
    width, height = image.size
    across = math.ceil(2 * chosen.width * width / (right - left))
    down = math.ceil(2 * chosen.height * height / (bottom - top))
    image.draft(None, (across, down))
    x, y = image.width / width, image.height / height
    return left * x, top * y, min(right * x, image.width), min(bottom * y, image.height)


def _plain(image: Image.Image) -> Image.Image:
    """Return the picture in a mode that can be shrunk well: palettes and bits cannot."""
    if image.has_transparency_data:
        return image if image.mode == "RGBA" else image.convert("RGBA")
    if image.mode.startswith("I;16"):
        return image.convert("I").point(lambda value: value / 256).convert("L")
    if image.mode in ("1", "I", "F"):
        return image.convert("L")
    return image if image.mode in ("L", "RGB", "CMYK") else image.convert("RGB")


def _still(image: Image.Image) -> Picture:
    """Encode one picture: with transparency as PNG, everything else as JPEG."""
    image = _without_idle_alpha(image)
    out = io.BytesIO()
    if image.mode == "RGBA":
        image.save(out, "PNG")
        return _picture(out, "image/png", image)
    image.save(out, "JPEG", quality=_QUALITY)
    return _picture(out, "image/jpeg", image)


def _without_idle_alpha(image: Image.Image) -> Image.Image:
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255):
        return image.convert("RGB")
    return image


def _moving(image: ImageFile, chosen: Plan, side: int, bounds: Bounds) -> Picture | None:
    """Return a moving picture; None where the source stands still, or moves more than it may."""
    if not getattr(image, "is_animated", False):
        return None
    frames: list[Image.Image] = []
    durations: list[int] = []
    first = _first_moving(image)
    while _step(image, first + len(frames)):
        if len(frames) == bounds.frames or (len(frames) + 1) * image.width * image.height > bounds.moving_pixels:
            frames.clear()
            break
        frames.append(_shrunk(image, chosen, side))
        durations.append(_duration(image))
    film = _woven(frames, durations) if len(frames) > 1 else None
    if film is not None and len(film.body) <= bounds.picture_bytes:
        return film
    image.seek(0)
    return None


def _first_moving(image: ImageFile) -> int:
    """Animated PNG may begin with a picture for those who cannot show movement."""
    return 1 if getattr(image, "default_image", False) else 0


def _step(image: ImageFile, number: int) -> bool:
    try:
        image.seek(number)
    except EOFError:
        return False
    return True


def _duration(image: ImageFile) -> int:
    """Return how long a frame stands, in milliseconds, within reason."""
    said = image.info.get("duration") or 100
    return min(max(int(said), _SHORTEST_FRAME_MS), _LONGEST_FRAME_MS)


def _woven(frames: list[Image.Image], durations: list[int]) -> Picture:
    out = io.BytesIO()
    frames[0].save(
        out,
        "WEBP",
        save_all=True,
        append_images=frames[1:],
        duration=durations,
        loop=0,
        quality=_MOVING_QUALITY,
        method=_FASTEST,
    )
    return _picture(out, "image/webp", frames[0])


def _picture(out: io.BytesIO, content_type: ContentType, image: Image.Image) -> Picture:
    return Picture(out.getvalue(), content_type, image.width, image.height)
