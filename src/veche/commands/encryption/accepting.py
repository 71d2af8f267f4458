"""Accepting: what a request must pass before anything of it is stored."""

from typing import TypeVar

from veche.domain.refusals import Refusal, Refused
from veche.domain.sessions import Asker
from veche.storage import devices
from veche.storage.writer import Transaction

T = TypeVar("T")

DEVICE_IS_GONE = Refusal("M_UNKNOWN_TOKEN", 401, "The device was signed out.", extra={"soft_logout": False})


def accepted(read: T | Refusal) -> T:
    """Return what a rule read, or raise its refusal."""
    if isinstance(read, Refusal):
        raise Refused(read)
    return read


def expect_device(tx: Transaction, asker: Asker) -> None:
    """Refuse with 401 where the asker's device ended while the request waited: nothing may be stored for it."""
    if devices.find(tx, asker.user, asker.device) is None:
        raise Refused(DEVICE_IS_GONE)
