"""Resetting a forgotten password by mail: with a proof that a client brings, on the page with the letter's code, or
behind the letter's link. Whoever guesses learns nothing, as an unknown address never gets a letter.
"""

from typing import Any

from veche.commands.accounts.addresses import expect_proof, expect_proof_shown
from veche.commands.accounts.keeping import expect_account, set_password
from veche.commands.accounts.passwords import expect_another_password, expect_good_password
from veche.commands.accounts.proving import prove_by_code
from veche.commands.context import Context
from veche.commands.sessions.reauthenticating import Check, proof_of
from veche.domain.accounts.addresses import (
    EMAIL_IDENTITY,
    HAS_SERVED,
    LINK_GONE,
    NO_CHANGES,
    Proof,
    has_proven,
    is_open,
)
from veche.domain.ids import DeviceId, UserId, localpart_of
from veche.domain.refusals import Refused
from veche.domain.sessions import Origin, digest_of
from veche.storage.accounts import addresses, proofs
from veche.storage.rows import Rows
from veche.storage.sessions import history
from veche.storage.writer import Transaction

_NO_DEVICE = DeviceId("")
_CHECK = Check(((EMAIL_IDENTITY,),), "reset password")


async def reset_by_proof(
    ctx: Context, password: str, auth: dict[str, Any] | None, origin: Origin, *, ends_sessions: bool
) -> None:
    """Replace the password of whoever has proven to a client to read an address (section Password management).

    Refuses with 401 until that is proven: M_UNAUTHORIZED stands for a letter that was not answered yet.
    """
    if not ctx.limits.sends_mail:
        raise Refused(NO_CHANGES)
    await expect_good_password(ctx, password, "")
    proof = await proof_of(ctx, _CHECK, auth)
    shown = await expect_proof_shown(ctx, _CHECK, "reset", proof)
    found, user = await ctx.reader.run(lambda at: _owned(at, shown))
    await _reset(ctx, found, user, password, origin, ends_sessions=ends_sessions)


async def reset_by_mailed_code(
    ctx: Context, sid: str, client_secret: str, code: str, password: str, origin: Origin
) -> None:
    """Replace the password of whoever asked on the page and has read the code in the letter; all sessions end.

    Refuses with 400 a password that is too weak or a code that is wrong, and with 429 too many tries. A code that was
    right once need not be right again, should the password turn out to be too weak.
    """
    await expect_good_password(ctx, password, "")
    digest = digest_of(client_secret)
    known = await ctx.reader.run(lambda at: proofs.find(at, sid)) if "\x00" not in sid else None
    if not has_proven(known, "page", digest, ctx.clock()):
        await prove_by_code(ctx, sid, client_secret, code, origin)
    found, user = await ctx.reader.run(lambda at: _owned(at, expect_proof(at, ctx, "page", sid, client_secret)))
    await _reset(ctx, found, user, password, origin, ends_sessions=True)


async def reset_by_link(ctx: Context, token: str, password: str, origin: Origin) -> None:
    """Replace the password of whoever opened the letter that the page sent; all sessions end.

    Refuses with 404 links that are not known, or not good any more.
    """
    digest = digest_of(token)
    found, user = await ctx.reader.run(lambda at: _owned(at, _of_link(at, ctx, digest)))
    await _reset(ctx, found, user, password, origin, ends_sessions=True)


async def _reset(
    ctx: Context, proof: Proof, user: UserId, password: str, origin: Origin, *, ends_sessions: bool
) -> None:
    await expect_good_password(ctx, password, localpart_of(user))
    await expect_another_password(ctx, user, password)
    hashed = await ctx.outside.hashing.hash(password)

    def work(tx: Transaction) -> None:
        if proofs.find(tx, proof.sid) != proof or _owned(tx, proof)[1] != user:  # it has served meanwhile
            raise Refused(HAS_SERVED)
        expect_account(tx, user)
        proofs.delete(tx, proof)
        set_password(tx, ctx, user, hashed, _NO_DEVICE if ends_sessions else None)
        history.add(tx, user, ctx.clock(), "mail", "success", origin)

    await ctx.writer.run(work)


def _of_link(rows: Rows, ctx: Context, digest: bytes) -> Proof:
    proof = proofs.of_link(rows, digest)
    if proof is None or proof.purpose != "page" or not is_open(proof, ctx.clock()):
        raise Refused(LINK_GONE)  # also where the code was used where the letter was asked for; that goes on there
    return proof


def _owned(rows: Rows, proof: Proof) -> tuple[Proof, UserId]:
    """Return a proof with whose address it is about; an address that is nobody's any more proves nothing."""
    owner = addresses.find(rows, proof.address)
    if owner is None:
        raise Refused(HAS_SERVED)
    return proof, owner.user
