"""Signing out: a session ends together with its device, the device's keys and whatever waited for it."""

from collections.abc import Iterable
from functools import partial

from veche.commands.context import Context
from veche.commands.notifications import end_pushers
from veche.commands.operation import note_act
from veche.commands.sessions.issuing import revoke_device
from veche.domain.accounts import NO_ACCOUNT, may_administer
from veche.domain.devices import NO_SUCH_DEVICE, may_be_device
from veche.domain.ids import DeviceId, UserId, is_user_id
from veche.domain.refusals import Refused, refuse
from veche.domain.sessions import Asker
from veche.live.state import Live
from veche.storage import accounts, devices, encryption
from veche.storage.encryption import device_lists
from veche.storage.writer import Transaction


async def sign_out(ctx: Context, asker: Asker) -> None:
    """End the asker's session and device (section Logout)."""
    await ctx.writer.run(lambda tx: end_devices(tx, ctx, asker.user, [asker.device]))


async def sign_out_everywhere(ctx: Context, asker: Asker) -> None:
    """End all sessions and devices of the asker, this one too."""
    await ctx.writer.run(lambda tx: end_other_devices(tx, ctx, asker.user, None))


async def sign_somebody_out(
    ctx: Context, asker: Asker, user: UserId, device: DeviceId | None, reason: str = ""
) -> None:
    """End one session of somebody, or with ``device`` None all of them; for administrators.

    Refuses with 404 whoever is not here and a device that there is not.
    """
    refuse(may_administer(asker))

    def work(tx: Transaction) -> None:
        if not is_user_id(user) or accounts.find(tx, user) is None:
            raise Refused(NO_ACCOUNT)
        if device is not None and (may_be_device(device) or devices.find(tx, user, device) is None):
            raise Refused(NO_SUCH_DEVICE)
        gone = [row.device_id for row in devices.all_of(tx, user)] if device is None else [device]
        end_devices(tx, ctx, user, gone)
        note_act(tx, ctx, asker, "sign out", user, reason=reason, devices=gone)

    await ctx.writer.run(work)


def end_other_devices(tx: Transaction, ctx: Context, user: UserId, kept: DeviceId | None) -> None:
    """End all devices of somebody but one."""
    end_devices(tx, ctx, user, [row.device_id for row in devices.all_of(tx, user) if row.device_id != kept])


def end_devices(tx: Transaction, ctx: Context, user: UserId, gone: Iterable[DeviceId]) -> None:
    """End these devices of somebody with their tokens, keys and waiting messages; unknown ones are passed over."""
    had_keys = False
    for device in gone:
        if devices.find(tx, user, device) is not None:
            revoke_device(tx, ctx, user, device)
            devices.delete(tx, user, device)
            end_pushers(tx, ctx, user, device)
            had_keys |= encryption.delete_device(tx, user, device)
            tx.after(partial(_forget_device, ctx.live, user, device))
    if had_keys:
        device_lists.record_change(tx, user)


def _forget_device(live: Live, user: UserId, device: DeviceId) -> None:
    live.key_counts.drop(user, device)
    live.inboxes.drop(user, device)
