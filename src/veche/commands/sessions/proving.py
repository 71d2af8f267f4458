"""Proving by name and password who somebody is, for one request: no session is made."""

from veche.commands.context import Context
from veche.commands.sessions import guessing
from veche.commands.sessions.naming import user_named
from veche.commands.sessions.remembering import note_failure
from veche.commands.sessions.signing_in import REFUSALS, outcome_of
from veche.domain.ids import DeviceId
from veche.domain.refusals import Refused
from veche.domain.sessions import WRONG_PASSWORD, Asker, Origin, Outcome
from veche.storage import accounts
from veche.storage.sessions import history
from veche.storage.writer import Transaction


async def prove_password(ctx: Context, name: str, password: str, origin: Origin) -> Asker:
    """Return whoever bears that name and knows the password, on no device.

    Refuses as signing in does, and counts the guesses with those of signing in; it stands in the same history.
    """
    user = user_named(ctx, name)
    subject = f"{user} {origin.network}"
    account = await guessing.check_password(ctx, user, password, subject)

    def work(tx: Transaction) -> Outcome:
        outcome = outcome_of(tx, ctx, account, subject)
        if outcome == "success":
            history.add(tx, user, ctx.clock(), "password", outcome, origin)
        else:
            note_failure(tx, ctx, user if accounts.find(tx, user) is not None else None, outcome, origin)
        return outcome

    outcome = await ctx.writer.run(work)
    if outcome != "success" or account is None:
        raise Refused(REFUSALS.get(outcome, WRONG_PASSWORD))
    return Asker(user, DeviceId(""), account.role)
