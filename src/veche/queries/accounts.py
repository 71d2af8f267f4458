"""Accounts: whether a name is free or a token good, and for administrators the lists of both."""

from collections.abc import Sequence

from veche.domain.accounts import (
    NAME_TAKEN,
    REGISTRATION_CLOSED,
    AccountEntry,
    RegistrationToken,
    folded,
    may_bear,
    may_oversee,
)
from veche.domain.accounts.addresses import LINK_GONE, Address, Proof
from veche.domain.accounts.first import may_begin
from veche.domain.accounts.importing import NewPerson, Verdict, user_of, verdict
from veche.domain.accounts.passwords import PasswordPolicy, first_policy
from veche.domain.ids import UserId, user_id
from veche.domain.refusals import Refused, refuse
from veche.domain.sessions import Asker, digest_of
from veche.queries.context import ReadContext
from veche.queries.moderation import entries, known
from veche.storage import accounts
from veche.storage.accounts import addresses, first_links, importing, letters, passwords, proofs, tokens
from veche.storage.reader import Snapshot


async def name_is_free(ctx: ReadContext, name: str) -> bool:
    """Answer True, or refuse with 400 M_INVALID_USERNAME or M_USER_IN_USE (section Account registration).

    Where registration is closed nobody needs to know which names there are: 403.
    """
    if ctx.limits.registration == "closed":
        raise Refused(REGISTRATION_CLOSED)
    refuse(may_bear(folded(name), ctx.limits))
    user = user_id(folded(name), ctx.limits.server_name)
    if await ctx.reader.run(lambda at: accounts.find(at, user)):
        raise Refused(NAME_TAKEN)
    return True


async def token_is_valid(ctx: ReadContext, token: str) -> bool:
    """Say whether a registration token is valid now; 403 where registration is closed."""
    if ctx.limits.registration == "closed":
        raise Refused(REGISTRATION_CLOSED)
    return await ctx.reader.run(lambda at: tokens.find_valid(at, token, ctx.clock()) is not None)


async def all_accounts(ctx: ReadContext, asker: Asker) -> list[AccountEntry]:
    """Return all accounts, closed ones too, in the order of their making; for administrators only."""
    refuse(may_oversee(asker))
    return await ctx.reader.run(lambda at: entries(at, accounts.everyone(at), ctx.clock()))


async def all_registration_tokens(ctx: ReadContext, asker: Asker) -> list[RegistrationToken]:
    """Return all registration tokens, useless ones too, in the order of their making; for administrators only."""
    refuse(may_oversee(asker))
    return await ctx.reader.run(tokens.everything)


async def first_link(ctx: ReadContext, token: str) -> PasswordPolicy:
    """Return what a password must be like, for whoever holds a valid link; refuses with 404 or 410 otherwise."""

    def read(at: Snapshot) -> PasswordPolicy:
        link = first_links.find(at, digest_of(token))
        refuse(may_begin(link, ctx.clock(), has_administrator=accounts.has_administrator(at)))
        return _policy(ctx, at)

    return await ctx.reader.run(read)


async def own_addresses(ctx: ReadContext, asker: Asker) -> list[Address]:
    """Return the asker's mail addresses, the oldest first."""
    return await ctx.reader.run(lambda at: addresses.all_of(at, asker.user))


async def addresses_of(ctx: ReadContext, asker: Asker, user: UserId) -> list[Address]:
    """Return somebody's mail addresses, the oldest first; 404 where there is no such person. For administrators."""
    refuse(may_oversee(asker))
    return await ctx.reader.run(lambda at: addresses.all_of(at, known(at, user).user_id))


async def waiting_letters(ctx: ReadContext, asker: Asker) -> int:
    """Return how many letters wait to be sent; for administrators."""
    refuse(may_oversee(asker))
    return await ctx.reader.run(letters.count)


async def open_proof(ctx: ReadContext, token: str) -> Proof:
    """Return what a letter's link would prove, or has proven; refuses with 404 where it is not good any more."""
    digest = digest_of(token)
    proof = await ctx.reader.run(lambda at: proofs.of_link(at, digest))
    if proof is None or ctx.clock() >= proof.expires_ts:
        raise Refused(LINK_GONE)
    return proof


async def judge_people(ctx: ReadContext, asker: Asker, people: Sequence[NewPerson]) -> list[Verdict]:
    """Say what an import would make of these people now; nothing is changed."""
    refuse(may_oversee(asker))
    return await ctx.reader.run(lambda at: [_judged(ctx, at, person) for person in people])


async def password_policy(ctx: ReadContext) -> PasswordPolicy:
    """Return what a new password must be like."""
    return await ctx.reader.run(lambda at: _policy(ctx, at))


def _judged(ctx: ReadContext, at: Snapshot, person: NewPerson) -> Verdict:
    known = importing.known_of(at, user_of(person, ctx.limits), person.rooms)
    return verdict(person, known, _policy(ctx, at), ctx.limits)


def _policy(ctx: ReadContext, at: Snapshot) -> PasswordPolicy:
    return passwords.policy(at) or first_policy(ctx.limits)
