"""Operation: writing down what administrators do, in the transaction in which they do it."""

from typing import Any

from veche.commands.context import Context
from veche.domain.moderation import may_be_reason
from veche.domain.refusals import refuse
from veche.domain.sessions import Asker
from veche.storage import operation
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
    reason that cannot be kept, and with it what was done.
    """
    refuse(may_be_reason(reason))
    operation.add_act(tx, ctx.clock(), asker.user, what, whom, reason, details)
