"""Devices: somebody's own, with when and from where they were last used."""

from veche.domain.devices import NO_DEVICE, Device, may_be_device
from veche.domain.ids import DeviceId
from veche.domain.refusals import Refused, refuse
from veche.domain.sessions import Asker
from veche.queries.context import ReadContext
from veche.storage import devices


async def own_devices(ctx: ReadContext, asker: Asker) -> list[Device]:
    """Return all devices of the asker, oldest first."""
    return await ctx.reader.run(lambda at: devices.all_of(at, asker.user))


async def own_device(ctx: ReadContext, asker: Asker, device: DeviceId) -> Device:
    """Return one device of the asker; 404 where there is none."""
    refuse(may_be_device(device))
    found = await ctx.reader.run(lambda at: devices.find(at, asker.user, device))
    if found is None:
        raise Refused(NO_DEVICE)
    return found
