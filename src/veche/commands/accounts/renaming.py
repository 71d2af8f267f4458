"""Renaming: an administrator gives somebody another display name, which is then shown in their rooms."""

from veche.commands.accounts.keeping import expect_account
from veche.commands.context import Context
from veche.commands.operation import note_act
from veche.commands.rooms import announce_profile
from veche.domain.accounts import may_administer
from veche.domain.ids import DeviceId, UserId
from veche.domain.profiles import DISPLAY_NAME, may_fit, may_hold
from veche.domain.refusals import refuse
from veche.domain.sessions import Asker
from veche.storage import profiles
from veche.storage.writer import Transaction


async def rename_person(ctx: Context, asker: Asker, user: UserId, name: str, reason: str = "") -> None:
    """Give somebody another display name, or none; 404 where there is no such person.

    Their rooms are told as if they had done it themselves.
    """
    refuse(may_administer(asker))
    refuse(may_hold(DISPLAY_NAME, name))

    def work(tx: Transaction) -> None:
        expect_account(tx, user)
        _set_name(tx, user, name)
        tx.after(lambda: ctx.live.people.put(user, name or None))
        note_act(tx, ctx, asker, "rename", user, reason=reason, display_name=name)

    await ctx.writer.run(work)
    await announce_profile(ctx, Asker(user, DeviceId("")))


def _set_name(tx: Transaction, user: UserId, name: str) -> None:
    if not name:
        profiles.delete(tx, user, DISPLAY_NAME)
        return
    refuse(may_fit({**profiles.fields(tx, user), DISPLAY_NAME: name}))
    profiles.put(tx, user, DISPLAY_NAME, name)
