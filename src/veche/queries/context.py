"""What every query is given: the reader, the files, what lives in memory, the clock and the settings it needs."""

from collections.abc import Callable

import msgspec

from veche.domain.settings import Limits
from veche.live.state import Live
from veche.storage.blobs import Blobs
from veche.storage.reader import Reader
from veche.storage.search import SearchIndex


class ReadContext(msgspec.Struct, frozen=True):
    """Handed to every query. ``clock`` gives milliseconds since 1970; ``search`` is None where it is turned off."""

    reader: Reader
    blobs: Blobs
    live: Live
    clock: Callable[[], int]
    limits: Limits
    search: SearchIndex | None = None
