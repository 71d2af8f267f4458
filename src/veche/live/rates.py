"""Rate buckets: how often one caller may knock, by class of endpoint. Forgotten at every start, on purpose."""

import math
from collections.abc import Callable, Mapping

import msgspec

MOST_BUCKETS = 20_000


class Rate(msgspec.Struct, frozen=True):
    """A bucket's measure: ``per_second`` tokens flow in, at most ``burst`` are kept."""

    per_second: float
    burst: int


class Rates:
    """Token buckets by (class, caller). A class without a rate is never limited."""

    def __init__(self, rates: Mapping[str, Rate], clock: Callable[[], int]) -> None:
        self._rates = rates
        self._clock = clock
        self._buckets: dict[tuple[str, str], tuple[float, int]] = {}

    def take(self, kind: str, subject: str) -> int:
        """Take one token; return 0, or the milliseconds to wait where the bucket is empty."""
        rate = self._rates.get(kind)
        if rate is None:
            return 0
        now = self._clock()
        level, then = self._buckets.get((kind, subject), (float(rate.burst), now))
        level = min(float(rate.burst), level + max(0, now - then) * rate.per_second / 1000)
        if level < 1:
            return math.ceil((1 - level) / rate.per_second * 1000)
        if len(self._buckets) >= MOST_BUCKETS and (kind, subject) not in self._buckets:
            del self._buckets[next(iter(self._buckets))]
        self._buckets[kind, subject] = (level - 1, now)
        return 0
