"""Setting pushers, and ending them: with their device, or when a gateway rejects their pushkey."""

from functools import partial
from typing import Any

from veche.commands.context import Context
from veche.domain.ids import DeviceId, Position, UserId
from veche.domain.notifications.gateways import gateway_of
from veche.domain.notifications.pushers import MOST_PUSHERS, Pusher, PusherKey, WantedPusher, read_pusher
from veche.domain.refusals import Refusal, Refused, invalid_param, refuse
from veche.domain.sessions import Asker
from veche.storage import rooms
from veche.storage.accounts import addresses
from veche.storage.notifications import pushers
from veche.storage.notifications.pushers import Place
from veche.storage.rows import Rows
from veche.storage.writer import Transaction

BADGE_UNKNOWN = -1


async def set_pusher(ctx: Context, asker: Asker, body: dict[str, Any]) -> None:
    """Add a pusher, change it or, for the kind null, remove it (section Push Notifications).

    Without ``append`` nobody else keeps one with this application and pushkey. Raises 400 for what is malformed and
    for gateways and addresses that nothing may be sent to.
    """
    wanted = read_pusher(body)
    if isinstance(wanted, Refusal):
        raise Refused(wanted)
    key = PusherKey(asker.user, wanted.app_id, wanted.pushkey)
    if wanted.kind == "http":
        gateway = gateway_of(ctx.limits.push_gateways, wanted.data["url"])
        refuse(gateway if isinstance(gateway, Refusal) else None)

    def work(tx: Transaction) -> None:
        if wanted.kind is None:
            _remove(tx, ctx, key)
        else:
            _set(tx, ctx, asker, key, wanted)

    await ctx.writer.run(work)


async def keep_places(ctx: Context, places: list[Place], floor: Position | None) -> None:
    """Note how far pushers have come; with ``floor``, also up to where all that are not behind have had everything."""

    def work(tx: Transaction) -> None:
        for place in places:
            pushers.keep_place(tx, place)
        if floor is not None:
            pushers.raise_floor(tx, floor)

    await ctx.writer.run(work)


async def remove_rejected(ctx: Context, pusher: Pusher) -> None:
    """Remove a pusher whose gateway says that its pushkey is not valid (any more), unless it was set again since."""

    def work(tx: Transaction) -> None:
        now = pushers.find(tx, pusher.key)
        if now is not None and now.set_ts == pusher.set_ts:
            _remove(tx, ctx, pusher.key)

    await ctx.writer.run(work)


def end_pushers(tx: Transaction, ctx: Context, user: UserId, device: DeviceId) -> None:
    """Remove the pushers that a device set: it is signed out."""
    for key in pushers.remove_of_device(tx, user, device):
        tx.after(partial(ctx.live.pushers.remove, key))


def _set(tx: Transaction, ctx: Context, asker: Asker, key: PusherKey, wanted: WantedPusher) -> None:
    assert wanted.kind is not None
    before = pushers.find(tx, key)
    if before is None and len(pushers.of_user(tx, asker.user)) >= MOST_PUSHERS:
        raise Refused(invalid_param(f"There can be at most {MOST_PUSHERS} pushers."))
    if wanted.kind == "email":
        refuse(_may_have_mail(tx, ctx, asker.user, wanted))
    if not wanted.appends:
        for other in pushers.of_others(tx, key):
            _remove(tx, ctx, other)
    pushers.put(tx, _pusher(tx, ctx, asker, key, wanted, before))
    if wanted.kind == "http":
        tx.after(partial(ctx.live.pushers.put, key, wanted.data["url"], list(rooms.joined_since(tx, asker.user))))


def _pusher(
    tx: Transaction, ctx: Context, asker: Asker, key: PusherKey, wanted: WantedPusher, before: Pusher | None
) -> Pusher:
    """A pusher that is set again goes on from where it was, unless it had been given up."""
    assert wanted.kind is not None
    kept = before if before is not None and before.disabled_ts is None else None
    return Pusher(
        key,
        wanted.kind,
        asker.device,
        wanted.app_display_name,
        wanted.device_display_name,
        wanted.profile_tag,
        wanted.lang,
        wanted.data,
        ctx.clock(),
        kept.position if kept is not None else tx.position,
        kept.badge if kept is not None else BADGE_UNKNOWN,
        kept is not None and kept.is_behind,
    )


def _may_have_mail(rows: Rows, ctx: Context, user: UserId, wanted: WantedPusher) -> Refusal | None:
    """Say why notifications may not be mailed to ``wanted.pushkey``: only to addresses bound to the account."""
    if not ctx.limits.sends_mail:
        return invalid_param("This server sends no mail.", "kind")
    owner = addresses.find(rows, wanted.pushkey)
    if owner is None or owner.user != user:
        return invalid_param("Letters go to addresses of the account only; see /account/3pid.", "pushkey")
    return None


def _remove(tx: Transaction, ctx: Context, key: PusherKey) -> None:
    pushers.remove(tx, key)
    tx.after(partial(ctx.live.pushers.remove, key))
