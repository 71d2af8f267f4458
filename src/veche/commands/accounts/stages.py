"""Stages of registering that are done in a browser, for clients that do not know them (section Fallback)."""

import msgspec

from veche.commands.context import Context
from veche.commands.sessions.reauthenticating import STALE, Check, Done, is_under_way
from veche.domain.accounts import DUMMY, REGISTRATION_TOKEN, flows_of_registration
from veche.domain.accounts.tokens import BAD_TOKEN
from veche.domain.refusals import Refusal, Refused, not_found
from veche.storage import sessions
from veche.storage.accounts import tokens
from veche.storage.writer import Transaction

STAGES = frozenset((DUMMY, REGISTRATION_TOKEN))
"""The password is not among them: every client knows it, and whoever has stolen a token could send its owner to a real
page of the server, to confirm what the thief is about to do.
"""
NO_STAGE = not_found("There is no such stage.")
_ENDED = Refusal("M_UNKNOWN", 400, STALE, "session")


async def do_stage(ctx: Context, session: str, stage: str, token: str = "") -> None:
    """Do a stage of the registration that ``session`` names; the client then goes on with the session alone.

    Refuses with 404 what is no stage of ours, 400 a registration that is not under way, 403 a token that is not valid.
    """
    check = Check(flows_of_registration(ctx.limits), "register")
    if stage not in STAGES or not any(stage in stages for stages in check.flows):
        raise Refused(NO_STAGE)
    if not await is_under_way(ctx, check, session):
        raise Refused(_ENDED)
    await ctx.writer.run(lambda tx: _do(tx, ctx, session, stage, token))


def _do(tx: Transaction, ctx: Context, session: str, stage: str, token: str) -> None:
    row = sessions.find_reauthentication(tx, session)
    if row is None:
        raise Refused(_ENDED)
    if stage == REGISTRATION_TOKEN and tokens.find_valid(tx, token, ctx.clock()) is None:
        raise Refused(BAD_TOKEN)
    done = {**msgspec.json.decode(row.completed, type=Done), stage: token if stage == REGISTRATION_TOKEN else ""}
    sessions.put_reauthentication(tx, msgspec.structs.replace(row, completed=msgspec.json.encode(done).decode()))
