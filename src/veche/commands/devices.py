"""Devices: renaming and deleting them. They come into being by signing in."""

from typing import Any

from veche.commands.context import Context
from veche.commands.sessions.reauthenticating import reauthenticate
from veche.commands.sessions.signing_out import end_devices
from veche.domain.devices import NO_DEVICE, may_be_device, may_call_device
from veche.domain.ids import DeviceId
from veche.domain.refusals import Refused, refuse
from veche.domain.sessions import Asker
from veche.storage import devices
from veche.storage.encryption import device_keys, device_lists
from veche.storage.writer import Transaction


async def rename_device(ctx: Context, asker: Asker, device: DeviceId, name: str | None) -> None:
    """Give one of the asker's devices another name, None for the one it has; 404 where there is no such device."""
    refuse(may_be_device(device))
    refuse(may_call_device(name))
    await ctx.writer.run(lambda tx: _rename(tx, asker, device, name))


async def delete_devices(ctx: Context, asker: Asker, gone: list[DeviceId], auth: dict[str, Any] | None) -> None:
    """Delete devices with their sessions and keys; refuses with 401 until the password is proven.

    Devices that do not exist are passed over (section Device Management).
    """
    await reauthenticate(ctx, asker, f"delete devices {sorted(gone)}", auth)
    existing = [device for device in gone if may_be_device(device) is None]
    await ctx.writer.run(lambda tx: end_devices(tx, ctx, asker.user, existing))


def _rename(tx: Transaction, asker: Asker, device: DeviceId, name: str | None) -> None:
    if devices.find(tx, asker.user, device) is None:
        raise Refused(NO_DEVICE)
    if name is None:
        return
    devices.rename(tx, asker.user, device, name)
    if device_keys.find(tx, asker.user, device) is not None:
        device_lists.record_change(tx, asker.user)  # others see the name beside the keys
