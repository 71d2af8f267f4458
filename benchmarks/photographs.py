"""Photographs that were never taken: large JPEGs with the detail and the noise of real ones."""

import io

from PIL import Image

WIDTH, HEIGHT = 4000, 3000


def photograph(width: int = WIDTH, height: int = HEIGHT) -> bytes:
    """A JPEG of 12 megapixels and about 4 MB."""
    shapes = Image.effect_noise((width // 8, height // 8), 60).resize((width, height), Image.Resampling.BICUBIC)
    grain = Image.effect_noise((width, height), 20)
    bands = [Image.blend(shapes, grain, share) for share in (0.2, 0.25, 0.3)]
    out = io.BytesIO()
    Image.merge("RGB", bands).save(out, "JPEG", quality=90)
    return out.getvalue()


def another(taken: bytes, number: int) -> bytes:
    """Another picture of that size without drawing it: one of many contrasts, written into its first table."""
    changed = bytearray(taken)
    table = changed.index(b"\xff\xdb") + 5
    changed[table] = 3 + number % 9
    changed[table + 1] = 3 + number % 100
    return bytes(changed)
