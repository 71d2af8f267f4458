"""Registering: people make their own accounts, as far as the server lets them."""

from typing import Any

import msgspec

from veche.commands.accounts.addresses import expect_proof_shown, keep_address
from veche.commands.accounts.keeping import add_account
from veche.commands.accounts.passwords import expect_good_password
from veche.commands.accounts.tokens import spend
from veche.commands.accounts.welcoming import NOTHING_PROMISED, Promise, gather_everybody
from veche.commands.context import Context
from veche.commands.sessions.issuing import NewSession, SessionWish, open_session, prepare
from veche.commands.sessions.reauthenticating import (
    Check,
    Done,
    Proof,
    challenge,
    done_before,
    end_check,
    expect_whole,
    proof_of,
)
from veche.commands.sessions.remembering import note_arrival
from veche.domain.accounts import (
    NAME_TAKEN,
    REGISTRATION_CLOSED,
    REGISTRATION_TOKEN,
    flows_of_registration,
    folded,
    may_bear,
)
from veche.domain.accounts.addresses import EMAIL_IDENTITY, NOT_PROVEN, has_proven
from veche.domain.accounts.tokens import BAD_TOKEN
from veche.domain.ids import RoomId, UserId, user_id
from veche.domain.refusals import Refused, missing_param, refuse
from veche.domain.sessions import Role
from veche.storage import accounts
from veche.storage.accounts import Account, proofs, tokens
from veche.storage.writer import Transaction

_NAME_BYTES = 6


class Application(msgspec.Struct, frozen=True):
    """What somebody who registers asks for; without a name one is made up."""

    name: str | None
    password: str | None
    session: SessionWish
    wants_session: bool = True


class Shown(msgspec.Struct, frozen=True):
    """What somebody has shown to be let in, and in which check."""

    session: str | None
    done: Done


async def register(ctx: Context, wanted: Application, auth: dict[str, Any] | None) -> tuple[UserId, NewSession | None]:
    """Make an account and, unless it is not wanted, its first session (section Account registration).

    Refuses with 403 where registration is closed, 400 M_INVALID_USERNAME, M_USER_IN_USE or M_WEAK_PASSWORD, and 401
    until the stage of registration is proven.
    """
    flows = flows_of_registration(ctx.limits)
    if not flows:
        raise Refused(REGISTRATION_CLOSED)
    session = prepare(ctx, wanted.session)
    user = await _free_name(ctx, wanted)
    check = Check(flows, "register")
    proof = await proof_of(ctx, check, auth)
    done = await _done(ctx, check, proof)
    await expect_whole(ctx, check, proof, done)
    if wanted.password is None:
        raise Refused(missing_param("A password is needed.", "password"))
    account = Account(user, await ctx.outside.hashing.hash(wanted.password), "user", ctx.clock())
    made = await ctx.writer.run(lambda tx: _registered(tx, ctx, account, wanted, Shown(proof.session, done), session))
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


async def _done(ctx: Context, check: Check, proof: Proof) -> Done:
    """Return the stages that are done, with the one that this proof is for; refuses with 401 where it is no good."""
    done = await done_before(ctx, proof.session)
    if proof.type == REGISTRATION_TOKEN:
        token = proof.token or ""
        if not await ctx.reader.run(lambda at: tokens.find_valid(at, token, ctx.clock())):
            await challenge(ctx, check, BAD_TOKEN.text, proof.session)
        return {**done, REGISTRATION_TOKEN: token}
    if proof.type == EMAIL_IDENTITY:
        return {**done, EMAIL_IDENTITY: (await expect_proof_shown(ctx, check, "register", proof)).sid}
    return {**done, proof.type or "": ""}


def _registered(
    tx: Transaction, ctx: Context, account: Account, wanted: Application, shown: Shown, session: NewSession
) -> list[RoomId]:
    end_check(tx, shown.session)
    role, promise = _promised(tx, ctx, shown.done.get(REGISTRATION_TOKEN))
    made = add_account(tx, ctx, msgspec.structs.replace(account, role=role), wanted.name, promise)
    if EMAIL_IDENTITY in shown.done:
        _keep_address(tx, ctx, account.user_id, shown.done[EMAIL_IDENTITY])
    if wanted.wants_session:
        open_session(tx, ctx, account.user_id, wanted.session.device_name, session)
        note_arrival(tx, ctx, account.user_id, session.device, "registration", wanted.session.origin)
    return made


def _promised(tx: Transaction, ctx: Context, token: str | None) -> tuple[Role, Promise]:
    """Return what the new account gets; 403 where its token became invalid at the last moment."""
    if token is None:
        return "user", NOTHING_PROMISED
    promised = spend(tx, ctx, token)
    if promised is None:
        raise Refused(BAD_TOKEN)
    return promised


def _keep_address(tx: Transaction, ctx: Context, user: UserId, sid: str) -> None:
    """Write down the address that was proven at an earlier stage; 403 where that has ended meanwhile."""
    proof = proofs.find(tx, sid)
    if proof is None or not has_proven(proof, "register", proof.secret_digest, ctx.clock()):
        raise Refused(NOT_PROVEN)
    keep_address(tx, ctx, user, proof)
