"""How large a thumbnail becomes and which part of the picture it shows (Client-Server API, "Thumbnails"). Pure."""

import msgspec

from veche.integrations.imaging.records import Size


class Plan(msgspec.Struct, frozen=True):
    """``box`` (left, top, right, bottom) of the source is shown in ``width`` times ``height`` pixels."""

    box: tuple[float, float, float, float]
    width: int
    height: int


def plan(width: int, height: int, wanted: Size) -> Plan:
    """Say how a picture of ``width`` times ``height`` meets the wish.

    A thumbnail is never larger than the picture and never smaller than the wish in either direction, unless the
    picture itself is: so "scale" covers the wished rectangle, and "crop" fills it.
    """
    if width <= wanted.width and height <= wanted.height:
        return Plan((0, 0, width, height), width, height)
    return _scaled(width, height, wanted) if wanted.method == "scale" else _cropped(width, height, wanted)


def _scaled(width: int, height: int, wanted: Size) -> Plan:
    box = (0, 0, width, height)
    if width <= wanted.width or height <= wanted.height:
        return Plan(box, width, height)
    if wanted.width * height >= wanted.height * width:
        return Plan(box, wanted.width, _divided(height * wanted.width, width))
    return Plan(box, _divided(width * wanted.height, height), wanted.height)


def _cropped(width: int, height: int, wanted: Size) -> Plan:
    """Where the picture is too small in one direction, keep the proportions: the largest middle that has them."""
    smaller = min(1.0, width / wanted.width, height / wanted.height)
    across = max(1, round(wanted.width * smaller))
    down = max(1, round(wanted.height * smaller))
    factor = min(width / across, height / down)
    left, top = (width - across * factor) / 2, (height - down * factor) / 2
    right, bottom = min(width, left + across * factor), min(height, top + down * factor)
    return Plan((max(0.0, left), max(0.0, top), right, bottom), across, down)


def _divided(above: int, below: int) -> int:
    """Divide and round up."""
    return -(-above // below)
