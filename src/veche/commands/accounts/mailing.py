"""Letters: which wait, what stands in one when its time has come, and what became of it.

Secrets are made here, when a letter is written, and kept in memory until it is sent; the database gets their digests.
"""

from typing import cast

import msgspec

from veche.commands.context import Context
from veche.commands.operation import note_act
from veche.domain.accounts import may_administer
from veche.domain.accounts.addresses import (
    DAY_MS,
    Address,
    Proof,
    canonical,
    code_from,
    is_open,
    may_be_address,
)
from veche.domain.accounts.letters import WaitingLetter, wait_ms
from veche.domain.ids import UserId
from veche.domain.refusals import Refusal, Refused, refuse
from veche.domain.sessions import Asker, digest_of, token_from
from veche.domain.settings import Language
from veche.integrations.mail.composing import TemplateName, Written, write
from veche.integrations.mail.records import Failure, Letter
from veche.live.accounts import Secrets
from veche.storage.accounts import addresses, letters, proofs
from veche.storage.reader import Snapshot
from veche.storage.writer import Transaction

SENT_AT_ONCE = 4
_LINK_BYTES = 20
_CODE_BYTES = 8
_NOT_SENT = Refusal("M_UNKNOWN", 502, "The letter was not sent.")


async def letters_due(ctx: Context) -> list[WaitingLetter]:
    """Return some letters that are to be sent now, and note when to look again.

    None is being sent meanwhile. The secrets of letters that nobody will send any more are forgotten.
    """
    now, live = ctx.clock(), ctx.live.letters
    live.next_ts = None
    due, first, live.waiting, gone = await ctx.reader.run(
        lambda at: (
            letters.due(at, now, SENT_AT_ONCE),
            letters.next_due(at),
            letters.count(at),
            letters.gone(at, list(live.kept)),
        )
    )
    for subject in gone:  # taken away with the address, say, which ends no letter one by one
        del live.kept[subject]
    if first is not None:
        live.expect(first)
    return due


async def write_letter(ctx: Context, waiting: WaitingLetter) -> Letter | None:
    """Write a letter; None where there is nobody to write to, or nothing to say any more."""
    proof, owner = await ctx.reader.run(lambda at: _about(at, waiting))
    if proof is None or not is_open(proof, ctx.clock()):
        return None
    if owner is None and waiting.kind in ("reset", "page"):
        return None
    if owner is not None and waiting.kind in ("register", "add"):
        if not await ctx.writer.run(lambda tx: _may_tell(tx, waiting, ctx.clock())):
            return None
        return _letter(ctx, waiting, "taken", proof, owner, {"reset": f"{ctx.limits.public_address}/reset"})
    secrets = await _secrets(ctx, proof)
    link = f"{ctx.limits.public_address}/mail/{secrets.link}"
    name = cast("TemplateName", waiting.kind)  # a digest is about no proof, so it never comes this far
    return _letter(ctx, waiting, name, proof, owner, {"link": link, "code": secrets.code})


async def end_letter(ctx: Context, waiting: WaitingLetter) -> None:
    """Forget a letter that was sent, or will never be."""
    await ctx.writer.run(lambda tx: letters.delete_if_same(tx, waiting))
    ctx.live.letters.kept.pop(waiting.subject, None)
    ctx.live.letters.done.pop(waiting.key, None)
    ctx.live.letters.waiting = max(0, ctx.live.letters.waiting - 1)


async def put_letter_off(ctx: Context, waiting: WaitingLetter) -> None:
    """Try a letter again later: after longer each time, and not all at the same moment."""
    due_ts = ctx.clock() + wait_ms(waiting.tries, ctx.random(2))

    def work(tx: Transaction) -> None:
        letters.put_off(tx, waiting, due_ts)
        tx.after(lambda: ctx.live.letters.expect(due_ts))

    await ctx.writer.run(work)


async def send_test_letter(ctx: Context, asker: Asker, address: str, language: Language | None = None) -> None:
    """Send a letter now that says that mail works; refuses with 502 and the reason where it does not."""
    refuse(may_administer(asker))
    whole = canonical(address)
    refuse(may_be_address(whole))
    spoken = language or ctx.limits.mail_language
    written = write("test", spoken, {"server": ctx.limits.server_name})
    try:
        await ctx.outside.mail.send(_finished(ctx, whole, spoken, written, ctx.random(16).hex()))
    except Failure as failure:
        raise Refused(msgspec.structs.replace(_NOT_SENT, text=f"The letter was not sent: {failure}")) from None
    await ctx.writer.run(lambda tx: note_act(tx, ctx, asker, "send test letter"))


def _about(at: Snapshot, waiting: WaitingLetter) -> tuple[Proof | None, Address | None]:
    return proofs.find(at, waiting.subject), addresses.find(at, waiting.address)


def _may_tell(tx: Transaction, waiting: WaitingLetter, now: int) -> bool:
    """Say whether to tell an owner that somebody wants their address: once a day, however often that is tried."""
    subject = f"taken {waiting.address}"
    told = proofs.uses_since(tx, subject, now - DAY_MS)
    if not told:
        proofs.count_use(tx, subject, waiting.created_ts)
    return told in ([], [waiting.created_ts])  # the same letter, perhaps, which could not be sent


async def _secrets(ctx: Context, proof: Proof) -> Secrets:
    """Return what a letter lets somebody prove with: the same for each try to send it."""
    kept = ctx.live.letters.kept.get(proof.sid)
    if kept is not None:
        return kept
    link = token_from(ctx.random(_LINK_BYTES))
    made = Secrets(link, code_from(ctx.random(_CODE_BYTES)))
    hashed = await ctx.outside.hashing.hash(made.code)
    await ctx.writer.run(lambda tx: proofs.set_secrets(tx, proof.sid, digest_of(made.link), hashed))
    ctx.live.letters.kept[proof.sid] = made
    return made


def _letter(
    ctx: Context,
    waiting: WaitingLetter,
    name: TemplateName,
    proof: Proof,
    owner: Address | None,
    values: dict[str, str],
) -> Letter:
    known = {"server": ctx.limits.server_name, "from": proof.asked_from, "user": _name_of(owner)}
    written = write(name, waiting.language, known | values)
    number = digest_of(f"{waiting.kind} {waiting.subject} {waiting.created_ts}").hex()[:32]
    return _finished(ctx, waiting.address, waiting.language, written, number)


def _name_of(owner: Address | None) -> UserId:
    return owner.user if owner is not None else UserId("")


def _finished(ctx: Context, address: str, language: Language, written: Written, number: str) -> Letter:
    return Letter(address, language, written.subject, written.text, written.html, number, ctx.clock())
