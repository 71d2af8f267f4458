"""How long an unwilling gateway is tried again, and when that ends."""

import msgspec

HOUR_MS = 3_600_000


class Patience(msgspec.Struct, frozen=True):
    """Pauses in seconds, ages in milliseconds.

    A notification that could not be delivered within ``notification_ms`` is dropped, one that a gateway refuses for
    what it is after ``final_tries``; a pusher whose gateway has taken nothing of what waited for ``pusher_ms`` gets
    nothing more until its owner sets it again.
    """

    first_s: float = 1.0
    longest_s: float = 600.0
    badge_s: float = 1.0
    save_s: float = 2.0
    final_tries: int = 5
    notification_ms: int = 24 * HOUR_MS
    pusher_ms: int = 14 * 24 * HOUR_MS

    def pause(self, failures: int, chance: float, asked_s: float = 0.0) -> float:
        """Return how long to wait after so many failures in a row: twice as long each time, and never all at once.

        ``chance`` (0 to 1) spreads those who failed together; a gateway may have asked for more.
        """
        usual = min(self.longest_s, self.first_s * float(1 << min(failures - 1, 30)))
        return max(asked_s, usual * (0.5 + chance))
