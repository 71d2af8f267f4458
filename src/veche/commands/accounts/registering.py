"""Registering: people make their own accounts, as far as the server lets them."""

from typing import Any

import msgspec

from veche.commands.accounts.keeping import add_account
from veche.commands.accounts.passwords import expect_good_password
from veche.commands.accounts.tokens import spend
from veche.commands.accounts.welcoming import NOTHING_PROMISED, Promise, gather_everybody
from veche.commands.context import Context
from veche.commands.sessions.issuing import NewSession, SessionWish, open_session, prepare
from veche.commands.sessions.reauthenticating import Check, Proof, challenge, end_check, proof_of
from veche.commands.sessions.remembering import note_arrival
from veche.domain.accounts import (
    NAME_TAKEN,
    REGISTRATION_CLOSED,
    REGISTRATION_TOKEN,
    folded,
    may_bear,
    stage_of_registration,
)
from veche.domain.ids import RoomId, UserId, user_id
from veche.domain.refusals import Refused, forbidden, missing_param, refuse
from veche.domain.sessions import Role
from veche.storage import accounts
from veche.storage.accounts import Account, tokens
from veche.storage.writer import Transaction

_BAD_TOKEN = "The registration token is not valid."
_NAME_BYTES = 6


class Application(msgspec.Struct, frozen=True):
    """What somebody who registers asks for; without a name one is made up."""

    name: str | None
    password: str | None
    session: SessionWish
    wants_session: bool = True


async def register(ctx: Context, wanted: Application, auth: dict[str, Any] | None) -> tuple[UserId, NewSession | None]:
    """Make an account and, unless it is not wanted, its first session (section Account registration).

    Refuses with 403 where registration is closed, 400 M_INVALID_USERNAME, M_USER_IN_USE or M_WEAK_PASSWORD, and 401
    until the stage of registration is proven.
    """
    stage = stage_of_registration(ctx.limits.registration)
    if stage is None:
        raise Refused(REGISTRATION_CLOSED)
    session = prepare(ctx, wanted.session)
    user = await _free_name(ctx, wanted)
    check = Check(stage, "register")
    proof = await proof_of(ctx, check, auth)
    if stage == REGISTRATION_TOKEN:
        await _check_token(ctx, check, proof)
    if wanted.password is None:
        raise Refused(missing_param("A password is needed.", "password"))
    account = Account(user, await ctx.outside.hashing.hash(wanted.password), "user", ctx.clock())
    made = await ctx.writer.run(lambda tx: _registered(tx, ctx, account, wanted, proof, session))
    await gather_everybody(ctx, made)
    return user, session if wanted.wants_session else None


async def _free_name(ctx: Context, wanted: Application) -> UserId:
    """Return the user id of the new account; name and password are refused before anything is to be proven."""
    name = folded(wanted.name) if wanted.name else ctx.random(_NAME_BYTES).hex()
    refuse(may_bear(name, ctx.limits))
    if wanted.password is not None:
        await expect_good_password(ctx, wanted.password, name)
    user = user_id(name, ctx.limits.server_name)
    if await ctx.reader.run(lambda at: accounts.find(at, user)):
        raise Refused(NAME_TAKEN)
    return user


async def _check_token(ctx: Context, check: Check, proof: Proof) -> None:
    token = proof.token or ""
    if not await ctx.reader.run(lambda at: tokens.find_valid(at, token, ctx.clock())):
        await challenge(ctx, check, _BAD_TOKEN, proof.session)


def _registered(
    tx: Transaction, ctx: Context, account: Account, wanted: Application, proof: Proof, session: NewSession
) -> list[RoomId]:
    end_check(tx, proof.session)
    role, promise = _promised(tx, ctx, proof)
    made = add_account(tx, ctx, msgspec.structs.replace(account, role=role), wanted.name, promise)
    if wanted.wants_session:
        open_session(tx, ctx, account.user_id, wanted.session.device_name, session)
        note_arrival(tx, ctx, account.user_id, session.device, "registration", wanted.session.origin)
    return made


def _promised(tx: Transaction, ctx: Context, proof: Proof) -> tuple[Role, Promise]:
    """Return what the new account gets; 403 where its token became invalid at the last moment."""
    if proof.type != REGISTRATION_TOKEN:
        return "user", NOTHING_PROMISED
    promised = spend(tx, ctx, proof.token or "")
    if promised is None:
        raise Refused(forbidden(_BAD_TOKEN))
    return promised
