"""Mail addresses of accounts: adding one that was proven, and taking one away."""

from typing import Any

from veche.commands.accounts.forgetting import forget_address
from veche.commands.accounts.keeping import expect_account
from veche.commands.context import Context
from veche.commands.operation import note_act
from veche.commands.sessions.reauthenticating import Check, challenge, reauthenticate
from veche.commands.sessions.reauthenticating import Proof as Shown
from veche.domain.accounts import may_administer
from veche.domain.accounts.addresses import (
    ADDRESS_TAKEN,
    MOST_ADDRESSES,
    NO_ADDRESS,
    NO_CHANGES,
    NOT_PROVEN,
    TOO_MANY,
    Address,
    Proof,
    Purpose,
    credentials_of,
    has_proven,
)
from veche.domain.ids import UserId
from veche.domain.refusals import Refused, refuse
from veche.domain.sessions import Asker, digest_of
from veche.storage.accounts import addresses, proofs
from veche.storage.rows import Rows
from veche.storage.writer import Transaction

_NOT_YET = "The address is not confirmed yet, or not any more."


async def add_address(ctx: Context, asker: Asker, sid: str, client_secret: str, auth: dict[str, Any] | None) -> None:
    """Add a proven address to the asker's account (section Adding Account Administrative Contact Information).

    Refuses with 403 M_THREEPID_AUTH_FAILED what is not proven, with 401 until the password is, and with 400
    M_THREEPID_IN_USE where somebody else has added the address meanwhile.
    """
    if not ctx.limits.sends_mail:
        raise Refused(NO_CHANGES)
    await ctx.reader.run(lambda at: expect_proof(at, ctx, "add", sid, client_secret))
    await reauthenticate(ctx, asker, f"add address {sid}", auth)

    def work(tx: Transaction) -> None:
        proof = expect_proof(tx, ctx, "add", sid, client_secret)
        expect_account(tx, asker.user)
        if len(addresses.all_of(tx, asker.user)) >= MOST_ADDRESSES:
            raise Refused(TOO_MANY)
        keep_address(tx, ctx, asker.user, proof)

    await ctx.writer.run(work)


async def remove_address(ctx: Context, asker: Asker, address: str) -> None:
    """Take a canonical address from the asker's account; one that is not theirs is gone already."""
    await ctx.writer.run(lambda tx: forget_address(tx, asker.user, address))


async def remove_address_of(ctx: Context, asker: Asker, user: UserId, address: str, reason: str = "") -> None:
    """Take a canonical address from somebody's account; 404 where they have none such. For administrators."""
    refuse(may_administer(asker))

    def work(tx: Transaction) -> None:
        expect_account(tx, user)
        if not forget_address(tx, user, address):
            raise Refused(NO_ADDRESS)
        note_act(tx, ctx, asker, "remove address", user, reason=reason)

    await ctx.writer.run(work)


def expect_proof(rows: Rows, ctx: Context, purpose: Purpose, sid: str, client_secret: str) -> Proof:
    """Return a proof that was brought for this purpose by whoever knows its secret; refuses with 403."""
    proof = proofs.find(rows, sid) if "\x00" not in sid else None
    if proof is None or not has_proven(proof, purpose, digest_of(client_secret), ctx.clock()):
        raise Refused(NOT_PROVEN)
    return proof


async def expect_proof_shown(ctx: Context, check: Check, purpose: Purpose, shown: Shown) -> Proof:
    """Return the proof that a client shows at the stage for mail addresses; refuses with 401 M_UNAUTHORIZED.

    An address that is nobody's any more resets nothing.
    """
    sid, secret = credentials_of(shown.threepid_creds or shown.older_creds)

    def read(at: Rows) -> Proof:
        proof = expect_proof(at, ctx, purpose, sid, secret)
        if purpose == "reset" and addresses.find(at, proof.address) is None:
            raise Refused(NOT_PROVEN)
        return proof

    try:
        return await ctx.reader.run(read)
    except Refused:
        await challenge(ctx, check, _NOT_YET, shown.session, code="M_UNAUTHORIZED")


def keep_address(tx: Transaction, ctx: Context, user: UserId, proof: Proof) -> None:
    """Write a proven address down as somebody's; refuses with 400 where it is another's. The proof has served then."""
    now = ctx.clock()
    known = addresses.find(tx, proof.address)
    if known is not None and known.user != user:
        raise Refused(ADDRESS_TAKEN)
    proofs.delete(tx, proof)
    if known is None:
        addresses.add(tx, Address(proof.address, user, proof.proven_ts or now, now))
