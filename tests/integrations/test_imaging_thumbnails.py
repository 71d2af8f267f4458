"""What thumbnails look like: sizes, orientation, colours, transparency, movement, and none of the source's metadata."""

import io
import zlib

import pytest
from PIL import Image, ImageSequence

from tests.integrations.pictures import (
    colours_at_corners,
    corners,
    decoded,
    encoded,
    moving,
    srgb_profile,
    swapping_profile,
    turned_photograph,
)
from veche.integrations.imaging.records import Bounds, NotAPicture, Picture, PictureTooLarge, Size
from veche.integrations.imaging.thumbnails import thumbnail

CORNERS = ["red", "green", "blue", "grey"]
BOUNDS = Bounds()
SMALL = Size(32, 32, "crop")
FILM = Size(60, 40, animated=True)


def made(content: bytes, wanted: Size = SMALL, bounds: Bounds = BOUNDS) -> Picture:
    """Return a thumbnail that is what it says it is."""
    picture = thumbnail(io.BytesIO(content), wanted, bounds)
    image = decoded(picture.body)
    assert image.size == (picture.width, picture.height)
    assert Image.MIME[str(image.format)] == picture.content_type
    return picture


def durations_of(film: Picture) -> list[int]:
    """Return how long each frame stands, in milliseconds."""
    shown = Image.open(io.BytesIO(film.body))
    found = []
    for _ in ImageSequence.Iterator(shown):
        shown.load()
        found.append(shown.info["duration"])
    return found


@pytest.mark.parametrize(
    ("wanted", "size"),
    [
        (Size(32, 32, "crop"), (32, 32)),
        (Size(96, 96, "crop"), (96, 96)),
        (Size(320, 240, "scale"), (360, 240)),
        (Size(640, 480, "scale"), (720, 480)),
        (Size(2000, 2000, "scale"), (1200, 800)),
        (Size(2000, 2000, "crop"), (1200, 800)),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "AVIF"])
def test_every_kind_is_made_smaller(kind: str, wanted: Size, size: tuple[int, int]) -> None:
    picture = made(encoded(corners(1200, 800), kind), wanted)
    assert (picture.width, picture.height) == size
    assert picture.content_type == "image/jpeg"
    assert colours_at_corners(decoded(picture.body)) == CORNERS


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("wanted", [Size(60, 40), Size(60, 40, "crop"), Size(30, 40, "crop"), Size(700, 700)])
def test_photographs_stand_upright(orientation: int, wanted: Size) -> None:
    picture = made(turned_photograph(orientation), wanted)
    upright = made(turned_photograph(1), wanted)
    assert (picture.width, picture.height) == (upright.width, upright.height)
    assert colours_at_corners(decoded(picture.body)) == CORNERS


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF"])
def test_other_kinds_are_turned_too(kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = made(encoded(corners(80, 120).transpose(Image.Transpose.ROTATE_90), kind, exif=exif), Size(40, 60))
    assert (picture.width, picture.height) == (40, 60)
    assert colours_at_corners(decoded(picture.body)) == CORNERS


def test_an_orientation_without_sense_is_none() -> None:
    exif = Image.Exif()
    exif[0x0112] = 99
    picture = made(encoded(corners(80, 120), "JPEG", exif=exif), Size(40, 60))
    assert (picture.width, picture.height) == (40, 60)


def test_broken_exif_is_passed_over() -> None:
    picture = made(encoded(corners(80, 120), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff garbage"), Size(40, 60))
    assert (picture.width, picture.height) == (40, 60)


def test_want_of_memory_is_not_taken_for_a_broken_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    def hungry(_: Image.Image) -> Image.Exif:
        raise MemoryError

    monkeypatch.setattr(Image.Image, "getexif", hungry)
    with pytest.raises(MemoryError):
        made(encoded(corners(80, 120), "JPEG"))


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "AVIF"])
def test_transparency_stays(kind: str) -> None:
    image = corners(200, 200, "RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 100, 100))
    picture = made(encoded(image, kind), Size(50, 50))
    assert picture.content_type == "image/png"
    small = decoded(picture.body)
    assert small.mode == "RGBA"
    assert [small.getpixel((10, 10))[3], small.getpixel((40, 40))[3]] == [0, 255]  # type: ignore[index]


def test_an_alpha_channel_that_hides_nothing_is_dropped() -> None:
    assert made(encoded(corners(200, 200, "RGBA"), "PNG")).content_type == "image/jpeg"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_mode_of_png(mode: str) -> None:
    white = Image.new("I;16", (100, 100), 65535) if mode == "I;16" else Image.new("L", (100, 100), 255).convert(mode)
    picture = made(encoded(white, "PNG"))
    assert decoded(picture.body).convert("L").getpixel((16, 16)) == 255


def test_sixteen_bits_are_not_cut_off() -> None:
    picture = made(encoded(Image.new("I;16", (100, 100), 32768), "PNG"))
    assert decoded(picture.body).convert("L").getpixel((16, 16)) == 128


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGB"])
def test_every_mode_of_jpeg(mode: str) -> None:
    picture = made(encoded(corners(100, 100, mode), "JPEG"), Size(20, 20))
    assert decoded(picture.body).mode == ("L" if mode == "L" else "RGB")


def test_colours_follow_the_profile() -> None:
    picture = made(encoded(corners(400, 400), "JPEG", icc_profile=swapping_profile()))
    assert colours_at_corners(decoded(picture.body)) == ["blue", "green", "red", "grey"]


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "CMYK"])
@pytest.mark.parametrize("profile", [srgb_profile(), srgb_profile()[:300], b"no profile at all", b""])
def test_profiles_that_do_not_fit_are_passed_over(mode: str, profile: bytes) -> None:
    kind = "PNG" if mode == "RGBA" else "JPEG"
    picture = made(encoded(corners(400, 400, mode), kind, icc_profile=profile))
    if mode in ("RGB", "RGBA"):
        assert colours_at_corners(decoded(picture.body)) == CORNERS


def test_nothing_of_the_metadata_is_left() -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    described = encoded(
        corners(400, 400), "JPEG", exif=exif, icc_profile=srgb_profile(), comment=b"taken at home", dpi=(300, 300)
    )
    see_through = corners(400, 400, "RGBA")
    see_through.putalpha(90)
    see_through_png = encoded(see_through, "PNG", exif=exif, icc_profile=srgb_profile())
    for content in (described, see_through_png):
        picture = made(content)
        assert b"home" not in picture.body
        kept = decoded(picture.body)
        assert not dict(kept.getexif())
        assert not {"icc_profile", "comment", "exif", "xmp"} & kept.info.keys()


@pytest.mark.parametrize("size", [(60, 40), (120, 80), (500, 500)])
@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "AVIF"])
def test_movement_stays_only_where_it_is_wanted(kind: str, size: tuple[int, int]) -> None:
    content = moving(kind, 5)
    still, film = made(content, Size(*size)), made(content, Size(*size, animated=True))
    assert still.content_type == "image/jpeg"
    assert film.content_type == "image/webp"
    assert (film.width, film.height) == min(size, (120, 80))
    assert durations_of(film) == [40] * 5
    first, *_, last = (frame.convert("RGB").getpixel((5, 5)) for frame in ImageSequence.Iterator(decoded(film.body)))
    assert first != last


def test_a_picture_that_stands_still_is_not_made_to_move() -> None:
    assert made(encoded(corners(80, 80), "GIF"), Size(20, 20, animated=True)).content_type == "image/jpeg"
    assert made(encoded(corners(80, 80), "JPEG"), Size(20, 20, animated=True)).content_type == "image/jpeg"


def test_the_picture_before_an_animated_png_is_for_those_who_want_none() -> None:
    first = Image.new("RGB", (60, 60), (200, 30, 30))
    frames = [Image.new("RGB", (60, 60), (30, 30, 100 + number * 50)) for number in range(3)]
    content = encoded(first, "PNG", save_all=True, default_image=True, append_images=frames)
    assert colours_at_corners(decoded(made(content, Size(30, 30)).body))[0] == "red"
    film = made(content, Size(30, 30, animated=True))
    assert len(durations_of(film)) == 3
    assert colours_at_corners(decoded(film.body))[0] == "blue"


@pytest.mark.parametrize("bounds", [Bounds(frames=4), Bounds(moving_pixels=120 * 80 * 4)])
def test_what_moves_too_much_stands_still(bounds: Bounds) -> None:
    for kind in ("GIF", "PNG", "WEBP"):
        assert made(moving(kind, 4), FILM, bounds).content_type == "image/webp"
        picture = made(moving(kind, 5), FILM, bounds)
        assert picture.content_type == "image/jpeg"
        first = made(moving(kind, 5), Size(60, 40), bounds)
        assert decoded(picture.body).tobytes() == decoded(first.body).tobytes(), "not the first frame"


def test_a_film_that_would_be_too_large_stands_still() -> None:
    content = moving("GIF", 5)
    size = len(made(content, FILM).body)
    assert made(content, FILM, Bounds(picture_bytes=size)).content_type == "image/webp"
    assert made(content, FILM, Bounds(picture_bytes=size - 1)).content_type == "image/jpeg"


def test_frames_stand_for_a_reasonable_time() -> None:
    assert durations_of(made(moving("GIF", 3, duration=[655_350, 10, 0]), FILM)) == [60_000, 20, 100]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF",
        b"a text about pictures",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7 ...",
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"RIFF\x04\0\0\0WEBP",
        b"\0\0\0\x18ftypavif\0\0\0\0",
    ],
)
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(NotAPicture):
        made(content)


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "ICO", "PPM", "TGA", "PCX", "JPEG2000", "PDF", "EPS", "ICNS", "DDS"])
def test_other_kinds_are_not_even_tried(kind: str) -> None:
    with pytest.raises(NotAPicture, match="no picture of a known kind"):
        made(encoded(corners(64, 64), kind))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "AVIF"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_what_is_cut_off_is_refused(kind: str, share: float) -> None:
    content = encoded(Image.effect_noise((200, 200), 50), kind)
    with pytest.raises(NotAPicture):
        made(content[: int(len(content) * share)])


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP", "AVIF"])
def test_too_many_pixels_are_refused(kind: str) -> None:
    bounds = Bounds(pixels=9_999)
    with pytest.raises(PictureTooLarge):
        made(encoded(corners(100, 100), kind), bounds=bounds)
    assert made(encoded(corners(99, 101), kind), bounds=bounds).width == 32


def test_a_png_of_very_many_pieces_is_refused() -> None:
    content = encoded(corners(100, 100), "PNG")
    piece = bytes(4) + b"tEXt" + zlib.crc32(b"tEXt").to_bytes(4)
    with pytest.raises(PictureTooLarge, match="pieces"):
        made(content[:33] + 6_000 * piece + content[33:])
    assert made(content[:33] + 4_000 * piece + content[33:]).width == 32


def test_a_webp_may_have_fewer_because_its_decoder_takes_more_memory() -> None:
    bounds = Bounds(pixels=20_000, webp_pixels=9_999)
    with pytest.raises(PictureTooLarge):
        made(encoded(corners(100, 100), "WEBP"), bounds=bounds)
    assert made(encoded(corners(100, 100), "PNG"), bounds=bounds).width == 32


def test_a_photograph_may_have_more_pixels_because_it_is_never_decoded_whole() -> None:
    bounds = Bounds(pixels=10, jpeg_pixels=10_000)
    assert made(encoded(corners(100, 100), "JPEG"), bounds=bounds).width == 32
    with pytest.raises(PictureTooLarge):
        made(encoded(corners(101, 100), "JPEG"), bounds=bounds)
