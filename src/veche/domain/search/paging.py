"""Paging: where a search goes on. A token says it all; the server remembers nothing.

Results are put in order window by window: the newest thousand matches that the asker may see, then the next thousand.
"""

import base64
import binascii
from typing import Literal

import msgspec

from veche.domain.refusals import Refusal, invalid_param

Key = tuple[int, int]
"""A result's place in the order of its window: (score, position); 0 for score where the newest come first."""
Grouping = Literal["room_id", "sender"]
_HIGHEST = 2**62


class Page(msgspec.Struct, frozen=True, array_like=True):
    """Where to go on: the window's positions ``lowest`` to ``highest``, and the key ``after`` which to go on in it.

    ``lowest`` is None for a window that nobody has looked at, ``group`` what a group is restricted to. ``count`` is
    what the first page was told of all results.
    """

    highest: int = _HIGHEST
    lowest: int | None = None
    after: Key | None = None
    count: int = 0
    group: tuple[Grouping, str] | None = None


def page_token(page: Page) -> str:
    """Write down a place for the client to come back with."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(page)).rstrip(b"=").decode()


def page_from(token: str) -> Page | Refusal:
    """Read a token; refuses with 400 what is none."""
    try:
        padded = token.encode("ascii") + b"=" * (-len(token) % 4)
        page = msgspec.msgpack.decode(base64.b64decode(padded, altchars=b"-_", validate=True), type=Page)
    except (UnicodeEncodeError, binascii.Error, msgspec.DecodeError, ValueError):
        return _WRONG
    numbers = (page.highest, page.lowest or 0, page.count, *(page.after or ()))
    return page if all(0 <= number <= _HIGHEST for number in numbers) else _WRONG


_WRONG = invalid_param("next_batch is not a token of a search.", "next_batch")
