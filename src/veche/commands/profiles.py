"""Profiles: setting and removing fields; a new name or picture is then shown in the rooms its owner is in."""

from typing import Any

from veche.commands.context import Context
from veche.commands.media.attaching import show_in_profile
from veche.commands.rooms import announce_profile
from veche.domain.ids import UserId
from veche.domain.moderation import may_take_part
from veche.domain.profiles import (
    AVATAR,
    DISPLAY_NAME,
    SHOWN_IN_ROOMS,
    empties,
    may_be_field,
    may_edit,
    may_fit,
    may_hold,
)
from veche.domain.refusals import refuse
from veche.domain.sessions import Asker
from veche.storage import profiles
from veche.storage.writer import Transaction


async def set_field(ctx: Context, asker: Asker, user: UserId, key: str, value: Any) -> None:
    """Set one field (section Profiles).

    Refuses with 403 for somebody else's profile, 400 M_INVALID_PARAM, M_BAD_JSON, M_KEY_TOO_LARGE or
    M_PROFILE_TOO_LARGE. An empty name or picture is taken away.
    """
    refuse(may_edit(asker, user) or may_take_part(asker))
    refuse(may_be_field(key))
    if empties(key, value):
        await delete_field(ctx, asker, user, key)
        return
    refuse(may_hold(key, value))
    await ctx.writer.run(lambda tx: _put(tx, ctx, user, key, value))
    await _show(ctx, asker, key)


async def delete_field(ctx: Context, asker: Asker, user: UserId, key: str) -> None:
    """Remove one field; one that is not there is no fault."""
    refuse(may_edit(asker, user) or may_take_part(asker))
    refuse(may_be_field(key))
    await ctx.writer.run(lambda tx: _delete(tx, ctx, user, key))
    await _show(ctx, asker, key)


def _put(tx: Transaction, ctx: Context, user: UserId, key: str, value: Any) -> None:
    refuse(may_fit({**profiles.fields(tx, user), key: value}))
    profiles.put(tx, user, key, value)
    if key == DISPLAY_NAME:
        tx.after(lambda: ctx.live.people.put(user, value))
    if key == AVATAR:
        show_in_profile(tx, user, value, ctx.clock())


def _delete(tx: Transaction, ctx: Context, user: UserId, key: str) -> None:
    profiles.delete(tx, user, key)
    if key == DISPLAY_NAME:
        tx.after(lambda: ctx.live.people.put(user, None))
    if key == AVATAR:
        show_in_profile(tx, user, None, ctx.clock())


async def _show(ctx: Context, asker: Asker, key: str) -> None:
    if key in SHOWN_IN_ROOMS:
        await announce_profile(ctx, asker)
