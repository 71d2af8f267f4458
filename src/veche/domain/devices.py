"""Devices: what a device may be called. Its keys are the subject of encryption."""

import msgspec

from veche.domain.ids import DeviceId, fits
from veche.domain.refusals import Refusal, invalid_param, not_found

LONGEST_NAME = 255  # characters
NO_DEVICE = not_found("You have no such device.")
NO_SUCH_DEVICE = not_found("There is no such device.")


class Device(msgspec.Struct, frozen=True, omit_defaults=True):
    """A device of somebody; ``last_seen_ts`` in milliseconds, exact to about a minute."""

    device_id: DeviceId
    display_name: str | None = None
    last_seen_ts: int | None = None
    last_seen_ip: str | None = None


class DeviceUse(msgspec.Struct, frozen=True):
    """A device with its session: since when, and when, from where and with what it was last used.

    ``last_seen_port`` is 0 where it is not known; ``is_connected`` says that it waits for news at this moment.
    """

    device_id: DeviceId
    display_name: str | None
    created_ts: int
    last_seen_ts: int | None
    last_seen_ip: str | None
    last_seen_port: int | None
    client: str | None
    is_connected: bool = False


def may_be_device(device_id: str) -> Refusal | None:
    """Say whether a client may name its device so: printable, within the 255 bytes of an identifier."""
    if not device_id.isprintable() or not fits(device_id):
        return invalid_param("A device id has at most 255 printable characters.", "device_id")
    return None


def may_call_device(name: str | None) -> Refusal | None:
    """Say whether a device may be shown to people under ``name``."""
    if name is not None and (len(name) > LONGEST_NAME or "\x00" in name):
        return invalid_param(f"A device's name has at most {LONGEST_NAME} characters and no NUL.", "display_name")
    return None
