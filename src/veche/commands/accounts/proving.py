"""Proving that a mail address is somebody's: a letter is asked for, and what stands in it comes back.

Whoever asks learns nothing: the address is not even looked up here. Who gets which letter, or none, is decided when it
is written (``mailing``).
"""

from veche.commands.context import Context
from veche.domain.accounts import REGISTRATION_CLOSED
from veche.domain.accounts.addresses import (
    BAD_PROOF,
    CODES_FROM_NETWORK,
    CODES_OF_ADDRESS,
    DAY_MS,
    LETTERS_FROM_NETWORK,
    LETTERS_TO_ADDRESS,
    LETTERS_TO_ADDRESS_FROM_NETWORK,
    LINK_GONE,
    MAIL_IS_OFF,
    PROOF_MS,
    Proof,
    ProofWish,
    Purpose,
    is_open,
    may_ask,
    may_be_tried,
    way_on,
)
from veche.domain.accounts.letters import MOST_WAITING, WaitingLetter
from veche.domain.refusals import Refusal, Refused, refuse
from veche.domain.sessions import Origin, Share, digest_of, may_again
from veche.domain.settings import Language
from veche.storage.accounts import letters, proofs
from veche.storage.writer import Transaction

_SID_BYTES = 16
_TOO_MANY_WAIT = Refusal("M_UNKNOWN", 503, "Too many letters wait to be sent.", extra={"retry_after_ms": 60_000})


async def ask_for_proof(ctx: Context, purpose: Purpose, wish: ProofWish, language: Language, origin: Origin) -> str:
    """Let a letter be sent to a canonical address; return the sid of the proof that it brings.

    A client that asks again gets another letter only for a larger ``send_attempt``. Refuses with 403 where the server
    sends no mail, with 400 what is no address, and with 429 after five letters to one address in an hour, or after
    twenty that were asked for from several networks.
    """
    if not ctx.limits.sends_mail:
        raise Refused(MAIL_IS_OFF)
    if purpose == "register" and ctx.limits.registration == "closed":
        raise Refused(REGISTRATION_CLOSED)
    refuse(may_ask(wish))
    new = _new_proof(ctx, purpose, wish, origin)
    return await ctx.writer.run(lambda tx: _asked(tx, ctx, new, language, origin.network))


async def prove_by_link(ctx: Context, token: str) -> Proof:
    """Believe whoever opened the letter's link and confirmed; once more does no harm.

    It proves all that the same client has asked for: which of its letters was opened is all the same.
    Refuses with 404 links that are not known, or ended. Those of the page for passwords prove nothing to a client.
    """
    digest = digest_of(token)

    def work(tx: Transaction) -> Proof:
        proof = proofs.of_link(tx, digest)
        now = ctx.clock()
        if proof is None or proof.purpose == "page" or now >= proof.expires_ts:
            raise Refused(LINK_GONE)
        if proof.proven_ts is None:
            proofs.prove(tx, proof, now, now + PROOF_MS)
        return proof

    return await ctx.writer.run(work)


async def prove_by_code(ctx: Context, sid: str, client_secret: str, code: str, origin: Origin) -> Proof:
    """Believe whoever knows the six digits of the letter, and the secret with which it was asked for.

    Refuses with 400 what is wrong, used or ended, and with 429 after ten wrong ones for one address in a day from one
    network, or a hundred from all. It takes as long, and is counted, where no letter was sent.
    """
    digest = digest_of(client_secret)
    found = await ctx.writer.run(lambda tx: _tried(tx, ctx.clock(), sid, digest, origin.network))
    hashed = found.code_hash if found else None
    if not await ctx.outside.hashing.verify(hashed, "".join(code.split())[:20]) or found is None:
        raise Refused(BAD_PROOF)
    await _believe(ctx, found, origin.network)
    return found


async def forget_old_proofs(ctx: Context) -> None:
    """Forget proofs that have ended, and what is counted no longer."""

    def work(tx: Transaction) -> None:
        proofs.delete_before(tx, ctx.clock())
        proofs.forget_uses_before(tx, ctx.clock() - DAY_MS)

    await ctx.writer.run(work)


def _new_proof(ctx: Context, purpose: Purpose, wish: ProofWish, origin: Origin) -> Proof:
    now = ctx.clock()
    return Proof(
        sid=ctx.random(_SID_BYTES).hex(),
        purpose=purpose,
        address=wish.address,
        secret_digest=digest_of(wish.client_secret),
        send_attempt=wish.send_attempt,
        next_link=way_on(wish.next_link, ctx.limits.public_address),
        asked_from=origin.address,
        created_ts=now,
        expires_ts=now + PROOF_MS,
    )


def _asked(tx: Transaction, ctx: Context, new: Proof, language: Language, network: str) -> str:
    known = proofs.asked_already(tx, new.purpose, new.address, new.secret_digest)
    if known is not None and new.created_ts < known.expires_ts and new.send_attempt <= known.send_attempt:
        return known.sid
    _count(tx, f"to {new.address} {network}", LETTERS_TO_ADDRESS_FROM_NETWORK, new.created_ts)
    _count(tx, f"to {new.address}", LETTERS_TO_ADDRESS, new.created_ts)
    _count(tx, f"from {network}", LETTERS_FROM_NETWORK, new.created_ts)
    if letters.count(tx) >= MOST_WAITING:
        raise Refused(_TOO_MANY_WAIT)
    proofs.add(tx, new)
    letter = WaitingLetter(new.purpose, new.sid, new.address, language, new.created_ts, new.created_ts, new.expires_ts)
    letters.put(tx, letter)
    tx.after(lambda: ctx.live.letters.expect(letter.due_ts))
    return new.sid


def _tried(tx: Transaction, now: int, sid: str, secret_digest: bytes, network: str) -> Proof | None:
    """Count a try, against the proof and against its address, before anything is compared."""
    proof = proofs.find(tx, sid) if "\x00" not in sid else None
    if proof is None or proof.secret_digest != secret_digest:
        return None
    _count(tx, _guesses(proof, network), CODES_FROM_NETWORK, now)
    _count(tx, f"code {proof.address}", CODES_OF_ADDRESS, now)
    proofs.count_try(tx, sid)
    counted = proofs.find(tx, sid)
    return counted if may_be_tried(counted, now) else None


async def _believe(ctx: Context, tried: Proof, network: str) -> None:
    def work(tx: Transaction) -> None:
        proof, now = proofs.find(tx, tried.sid), ctx.clock()
        if proof is None or not is_open(proof, now) or proof.code_hash != tried.code_hash:
            raise Refused(BAD_PROOF)  # used, or replaced by another letter, while it was checked
        proofs.prove(tx, proof, now, now + PROOF_MS)
        proofs.forget_uses(tx, _guesses(proof, network))

    await ctx.writer.run(work)


def _guesses(proof: Proof, network: str) -> str:
    return f"code {proof.address} {network}"


def _count(tx: Transaction, subject: str, share: Share, now: int) -> None:
    refuse(may_again(proofs.uses_since(tx, subject, now - share.within_ms), share, now))
    proofs.count_use(tx, subject, now)
