"""Which way up a picture is: the orientation that cameras write into EXIF."""

from PIL import ExifTags, Image

UPRIGHT = 1

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def orientation_of(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; upright where it is missing or makes no sense."""
    try:
        said = image.getexif().get(ExifTags.Base.Orientation, UPRIGHT)
    except MemoryError:
        raise
    except Exception:  # foreign bytes; whatever is wrong with them, they are no reason to show nothing
        return UPRIGHT
    return said if isinstance(said, int) and said in _TURNS else UPRIGHT


def is_on_its_side(orientation: int) -> bool:
    """Say whether width and height change places when the picture is put upright."""
    return orientation >= 5


def turned(image: Image.Image, orientation: int) -> Image.Image:
    """Return the picture upright."""
    return image.transpose(_TURNS[orientation]) if orientation in _TURNS else image
