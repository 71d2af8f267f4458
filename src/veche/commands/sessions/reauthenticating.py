"""Reauthenticate: the interactive check before what a stolen access token alone must not do
(section User-Interactive Authentication API). Checks are rows, each good for one purpose of one person.
"""

import base64
import hashlib
from typing import Any, NoReturn

import msgspec

from veche.commands.context import Context
from veche.commands.sessions import guessing
from veche.commands.sessions.naming import named
from veche.domain.ids import UserId
from veche.domain.refusals import Refused, bad_json
from veche.domain.sessions import PASSWORD, REAUTHENTICATION_MS, Asker, Flows, reauthentication_needed
from veche.storage import sessions
from veche.storage.accounts import Account
from veche.storage.sessions import Reauthentication
from veche.storage.writer import Transaction

_SESSION_BYTES = 18
_WRONG = "The password is wrong."
STALE = "That check has expired or was made for something else; please try again."
_UNKNOWN_STAGE = "That is not one of the ways in which this can be confirmed."


Done = dict[str, str]
"""Stages that were done, each with what was shown there: a token, the id of a proof, or nothing."""


class Proof(msgspec.Struct, frozen=True):
    """What a client sends as ``auth``: the stage it tries, the check it belongs to, and that stage's own fields.

    ``threepidCreds`` is how older clients write ``threepid_creds``.
    """

    type: str | None = None
    session: str | None = None
    password: str | None = None
    token: str | None = None
    user: str | None = None
    identifier: dict[str, Any] | None = None
    threepid_creds: dict[str, Any] | None = None
    older_creds: dict[str, Any] | None = msgspec.field(default=None, name="threepidCreds")


class Check(msgspec.Struct, frozen=True):
    """What is to be proven: ``flows`` are the ways to do it, ``user`` is None where nobody has an account yet."""

    flows: Flows
    purpose: str
    user: UserId | None = None


async def reauthenticate(ctx: Context, asker: Asker, purpose: str, auth: dict[str, Any] | None) -> None:
    """Make sure that whoever asks knows the account's password.

    A command asks for it in its outside work, before its one transaction, with the body's ``auth`` as it came:

        await reauthenticate(ctx, asker, "delete device ABC", auth)

    ``purpose`` is any text that names the operation and what it is done to. Refuses with 401 and the flows that
    clients expect, and with 429 M_LIMIT_EXCEEDED after too many wrong passwords.
    """
    check = Check(((PASSWORD,),), purpose, asker.user)
    proof = await proof_of(ctx, check, auth)
    if not await _knows_password(ctx, asker, proof):
        await challenge(ctx, check, _WRONG, proof.session)


async def proof_of(ctx: Context, check: Check, auth: dict[str, Any] | None) -> Proof:
    """Return the client's proof, still to be verified; refuses with 401 where there is none or its check is stale."""
    try:
        proof = msgspec.convert(auth or {}, Proof)
    except msgspec.ValidationError as fault:
        raise Refused(bad_json(f"auth is of the wrong shape: {fault}", "auth")) from None
    if proof.session and not await is_under_way(ctx, check, proof.session):
        await challenge(ctx, check, STALE)
    if proof.type is None:  # the stages may have been done in a browser (section Fallback)
        if not _is_whole(check, await done_before(ctx, proof.session)):
            await challenge(ctx, check, None, proof.session)
        return proof
    if not any(proof.type in stages for stages in check.flows):
        await challenge(ctx, check, _UNKNOWN_STAGE, proof.session)
    return proof


async def expect_whole(ctx: Context, check: Check, proof: Proof, done: Done) -> None:
    """Go on where the stages that are done make up one of the ways; otherwise keep them and refuse with 401."""
    if not _is_whole(check, done):
        await challenge(ctx, check, None, proof.session, done)


async def done_before(ctx: Context, session: str | None) -> Done:
    """Return what was done earlier of the check under that session: by stage, what was shown there."""
    if not session:
        return {}
    row = await ctx.reader.run(lambda at: sessions.find_reauthentication(at, session))
    return msgspec.json.decode(row.completed, type=Done) if row else {}


async def challenge(
    ctx: Context,
    check: Check,
    fault: str | None,
    session: str | None = None,
    done: Done | None = None,
    *,
    code: str = "M_FORBIDDEN",
) -> NoReturn:
    """Refuse with 401: say what is to be proven and under which session, a new one where none is under way.

    ``done`` is what the check holds from now on; None leaves it as it is, whatever is done in a browser meanwhile.
    """
    if session and done is None:
        done = await done_before(ctx, session)
    else:
        session = session or base64.urlsafe_b64encode(ctx.random(_SESSION_BYTES)).decode()
        completed = msgspec.json.encode(done or {}).decode()
        row = Reauthentication(session, _fingerprint(check), check.user, ctx.clock(), completed)
        await ctx.writer.run(lambda tx: _asked(tx, row))
    raise Refused(reauthentication_needed(check.flows, session, fault, completed=list(done or ()), code=code))


def end_check(tx: Transaction, session: str | None) -> None:
    """Forget a check that has served: it is good for one time."""
    if session:
        sessions.delete_reauthentication(tx, session)


def _is_whole(check: Check, done: Done) -> bool:
    return any(done.keys() >= set(stages) for stages in check.flows)


async def _knows_password(ctx: Context, asker: Asker, proof: Proof) -> bool:
    """Check the password of the asker, whoever else the proof may name; a right one ends the check.

    Guesses are counted against the device: with one stolen token nobody can lock the owner's other devices out.
    """
    if proof.password is None or named(ctx, proof.user, proof.identifier) not in (None, asker.user):
        return False
    subject = f"{asker.user} {asker.device}"
    account = await guessing.check_password(ctx, asker.user, proof.password, subject)
    return account is not None and await ctx.writer.run(lambda tx: _confirm(tx, account, subject, proof.session))


def _confirm(tx: Transaction, account: Account, subject: str, session: str | None) -> bool:
    if not guessing.confirm(tx, account, subject):
        return False
    end_check(tx, session)
    return True


async def is_under_way(ctx: Context, check: Check, session: str) -> bool:
    """Say whether a check with that session was begun for this purpose, and has not ended."""
    if "\x00" in session:
        return False
    row = await ctx.reader.run(lambda at: sessions.find_reauthentication(at, session))
    if row is None or row.created_ts <= ctx.clock() - REAUTHENTICATION_MS:
        return False
    return row.user_id == check.user and row.purpose == _fingerprint(check)


def _asked(tx: Transaction, row: Reauthentication) -> None:
    sessions.forget_reauthentications_before(tx, row.created_ts - REAUTHENTICATION_MS)
    sessions.put_reauthentication(tx, row)


def _fingerprint(check: Check) -> str:
    return hashlib.sha256(check.purpose.encode()).hexdigest()
