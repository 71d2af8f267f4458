"""Devices: with when and from where they were last used; one's own, and for administrators everybody's."""

from msgspec import structs

from veche.domain.accounts import may_oversee
from veche.domain.devices import NO_DEVICE, Device, DeviceUse, may_be_device
from veche.domain.ids import DeviceId, UserId
from veche.domain.refusals import Refused, refuse
from veche.domain.sessions import Asker
from veche.queries.context import ReadContext
from veche.queries.moderation import known
from veche.storage import devices
from veche.storage.reader import Snapshot


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


async def own_uses(ctx: ReadContext, asker: Asker) -> list[DeviceUse]:
    """Return all devices of the asker, oldest first, with whether they are connected now."""
    return _with_connections(ctx, asker.user, await ctx.reader.run(lambda at: devices.uses_of(at, asker.user)))


async def uses_of(ctx: ReadContext, asker: Asker, user: UserId) -> list[DeviceUse]:
    """Return somebody's devices; one's own, or for administrators everybody's. 404 where there is no such person."""
    if asker.user != user:
        refuse(may_oversee(asker))

    def read(at: Snapshot) -> list[DeviceUse]:
        return devices.uses_of(at, known(at, user).user_id)

    return _with_connections(ctx, user, await ctx.reader.run(read))


def _with_connections(ctx: ReadContext, user: UserId, uses: list[DeviceUse]) -> list[DeviceUse]:
    """Mark the devices that wait for news at this moment."""
    feed = ctx.live.notifier.feed(user)
    waiting = {listener.device for listener in feed.waiting} if feed is not None else set()
    return [structs.replace(use, is_connected=use.device_id in waiting) for use in uses]
