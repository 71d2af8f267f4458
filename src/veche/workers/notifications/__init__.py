"""Telling push gateways what notifies whom: ``noticing`` follows the log, ``delivering`` serves each pusher.

Nothing is decided here that a count or a list of notifications would decide otherwise.
"""

from veche.workers.notifications.delivering import Deliveries
from veche.workers.notifications.noticing import push_worker
from veche.workers.notifications.patience import Patience

__all__ = ["Deliveries", "Patience", "push_worker"]
