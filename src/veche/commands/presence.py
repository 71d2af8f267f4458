"""Presence: saying how one is doing, telling others once a second what has changed, and noting who was active."""

from functools import partial

import msgspec

from veche.commands.context import Context
from veche.domain.ids import Position, RoomId, UserId
from veche.domain.moderation import may_take_part
from veche.domain.presence import DeviceState, Said, may_be_busy_until, may_say
from veche.domain.refusals import Refused, forbidden, refuse
from veche.domain.sessions import Asker
from veche.storage import presence, rooms
from veche.storage.reader import Snapshot
from veche.storage.writer import Transaction

SLICE = 500
"""People looked up or written down at once."""


class Wanted(msgspec.Struct, frozen=True):
    """What somebody sets: what their device says of them (None hides it), and what they say whatever it says.

    What is unset stays as it is. ``text`` None or empty takes the text away; ``busy_until`` in milliseconds.
    """

    state: DeviceState | None
    text: str | msgspec.UnsetType | None = msgspec.UNSET
    is_busy: bool | msgspec.UnsetType = msgspec.UNSET
    busy_until: int | None = None


async def set_presence(ctx: Context, asker: Asker, user: UserId, wanted: Wanted) -> None:
    """Set how the asker is doing. Only a new text, or being busy, is written down; all else lives in memory.

    Raises 403 for somebody else's, and for words of whoever is suspended, being busy among them; 400 M_INVALID_PARAM
    for a text too long or an end that has passed. Where presence is off nothing happens.
    """
    if user != asker.user:
        raise Refused(forbidden("You can only set your own presence."))
    now, known = ctx.clock(), ctx.live.presence
    refuse(None if wanted.text is msgspec.UNSET else may_say(wanted.text))
    if wanted.text or wanted.state == "busy" or wanted.is_busy is True:
        refuse(may_take_part(asker))
    refuse(may_be_busy_until(wanted.busy_until, now, is_busy=wanted.is_busy is True))
    if not known.is_on:
        return
    if _said(known.said(user), wanted, now) != known.said(user):
        await ctx.writer.run(lambda tx: _say(tx, ctx, user, wanted, now))
    known.put(user, asker.device, wanted.state)


async def tell_changes(ctx: Context) -> None:
    """Tell those who share a room with somebody how that person is doing now, if it is news; once a second."""
    known, notifier = ctx.live.presence, ctx.live.notifier
    changed = known.changed()
    if not changed:
        return
    if strangers := [user for user in changed if notifier.feed(user) is None][:SLICE]:
        await _open_feeds(ctx, strangers)
    if users := [user for user in changed if notifier.feed(user) is not None]:  # the others' turn comes in a second
        known.rest(notifier.tell_statuses(users, known.tell(users)))


async def note_active(ctx: Context) -> None:
    """Write down when people were last active."""
    while some := ctx.live.presence.take_active(SLICE):
        await ctx.writer.run(partial(_note, some=tuple(some)))


def _said(before: Said, wanted: Wanted, now: int) -> Said:
    """Return what is said after all; who was busy already is so since then."""
    text = before.text if wanted.text is msgspec.UNSET else wanted.text or None
    if wanted.is_busy is msgspec.UNSET:
        return Said(text, before.busy_since, before.busy_until)
    if not wanted.is_busy:
        return Said(text)
    return Said(text, before.busy_since if before.is_busy(now) else now, wanted.busy_until)


def _say(tx: Transaction, ctx: Context, user: UserId, wanted: Wanted, now: int) -> None:
    said = _said(presence.said_by(tx, user), wanted, now)
    presence.put_said(tx, user, said)
    tx.after(lambda: ctx.live.presence.say(user, said))


async def _open_feeds(ctx: Context, users: list[UserId]) -> None:
    """Begin to follow in which rooms these people are, who have not synced: that says who may be told."""

    def read(at: Snapshot) -> tuple[list[tuple[UserId, dict[RoomId, Position]]], Position]:
        return [(user, rooms.joined_since(at, user)) for user in users], at.position

    found, position = await ctx.reader.run(read)
    for user, joined in found:
        ctx.live.notifier.open(user, joined, position)


def _note(tx: Transaction, some: tuple[tuple[UserId, int], ...]) -> None:
    for user, ts in some:
        presence.put_active(tx, user, ts)
