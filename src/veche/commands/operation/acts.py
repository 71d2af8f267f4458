"""Operation: writing down what administrators do, in the transaction in which they do it."""

from typing import Any

from msgspec.structs import replace

from veche.commands.context import Context
from veche.domain.accounts import may_administer
from veche.domain.moderation import may_be_reason, may_go_on
from veche.domain.refusals import refuse
from veche.domain.sessions import OPERATOR, Asker
from veche.storage import moderation, operation
from veche.storage.writer import Transaction


def note_act(
    tx: Transaction,
    ctx: Context,
    asker: Asker,
    what: str,
    whom: str | None = None,
    *,
    reason: str = "",
    **details: Any,
) -> None:
    """Write down that ``asker`` did something, to whom and why; details are JSON values.

    Everything here can be read by all administrators for ever: no passwords, codes or tokens. Refuses with 400 a
    reason that cannot be kept, and whoever may not administer any more, though they could when their request began;
    with it what was done is undone. Call it before the asker's own role changes.
    """
    refuse(may_be_reason(reason))
    _expect_administrator(tx, ctx, asker)
    operation.add_act(tx, ctx.clock(), asker.user, what, whom, reason, details)


def _expect_administrator(tx: Transaction, ctx: Context, asker: Asker) -> None:
    if asker == OPERATOR:
        return
    standing = moderation.standing(tx, asker.user, ctx.clock())
    refuse(may_go_on(standing))
    assert standing is not None
    refuse(may_administer(replace(asker, role=standing.role)))
