"""One counter for all that lives only in memory: a sync token says up to which count its device has been told."""


class Counter:
    """Counts changes; ``now`` is the number of the newest."""

    __slots__ = ("now",)

    def __init__(self) -> None:
        self.now = 0

    def next(self) -> int:
        """Count one more change, and return its number."""
        self.now += 1
        return self.now
