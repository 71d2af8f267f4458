"""Colours as browsers take them without a profile: sRGB. A profile that makes no sense is passed over."""

import io

from PIL import Image, ImageCms

LARGEST_PROFILE = 4 * 2**20
_SRGB = ImageCms.createProfile("sRGB")


def in_srgb(image: Image.Image, profile: object) -> Image.Image:
    """Return ``image`` in sRGB; ``profile`` is its own ICC profile, if any. Modes L, RGB, RGBA and CMYK are taken."""
    if isinstance(profile, bytes) and 0 < len(profile) <= LARGEST_PROFILE:
        try:
            return _converted(image, profile)
        except (ImageCms.PyCMSError, ValueError, OSError):
            pass
    return image.convert("RGB") if image.mode == "CMYK" else image


def _converted(image: Image.Image, profile: bytes) -> Image.Image:
    own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    converted = ImageCms.profileToProfile(image, own, _SRGB, outputMode=mode)
    return converted or image
