"""What memory keeps of notifications: counts that took long to find, and who has pushers."""

from veche.live.notifications.counts import Counted, KnownCounts
from veche.live.notifications.pushers import KnownPushers, Sending

__all__ = ["Counted", "KnownCounts", "KnownPushers", "Sending"]
