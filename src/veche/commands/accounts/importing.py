"""Importing people: many accounts from a table, slice by slice; what is there already is left as it is."""

import asyncio
from collections.abc import Sequence
from functools import partial

from veche.commands.accounts.keeping import add_account
from veche.commands.accounts.passwords import policy_of
from veche.commands.accounts.welcoming import Promise, gather_everybody
from veche.commands.context import Context
from veche.commands.operation import note_act
from veche.domain.accounts import may_administer
from veche.domain.accounts.importing import NewPerson, Verdict, full_name_of, user_of, verdict
from veche.domain.ids import RoomId
from veche.domain.refusals import refuse
from veche.domain.sessions import Asker
from veche.storage.accounts import Account
from veche.storage.accounts.importing import known_of
from veche.storage.rows import Rows, slices
from veche.storage.writer import Transaction

ACCOUNTS_AT_ONCE = 10
"""Accounts made in one transaction, each with the rooms that it joins."""
HASHED_AT_ONCE = 2
"""Passwords hashed at once: whoever signs in meanwhile waits for no more than these."""
_REASON = "was brought in by whoever runs the server"


async def import_people(ctx: Context, asker: Asker, people: Sequence[NewPerson]) -> list[Verdict]:
    """Make an account for everybody who can have one; return what became of each, in order.

    Repeated after an interruption it goes on: equal accounts are ``present`` then. Nobody is refused for another's
    fault.
    """
    refuse(may_administer(asker))
    verdicts: list[Verdict] = []
    for some in slices(people, ACCOUNTS_AT_ONCE):
        first = await ctx.reader.run(partial(_judged, ctx, some))
        wanted = [person for person, found in zip(some, first, strict=True) if found.state == "new"]
        hashes = await _hashed(ctx, wanted)
        found, made = await ctx.writer.run(partial(_imported, ctx, asker, some, hashes))
        await gather_everybody(ctx, made)
        verdicts += found
    return verdicts


async def _hashed(ctx: Context, people: Sequence[NewPerson]) -> dict[str, str]:
    """Hash everybody's password, few at a time; return the hashes by name."""
    hashes: dict[str, str] = {}
    for few in slices(people, HASHED_AT_ONCE):
        made = await asyncio.gather(*(ctx.outside.hashing.hash(person.password) for person in few))
        hashes.update(zip((person.name for person in few), made, strict=True))
    return hashes


def _judged(ctx: Context, some: Sequence[NewPerson], rows: Rows) -> list[Verdict]:
    return [_judge(ctx, rows, person) for person in some]


def _imported(
    ctx: Context, asker: Asker, some: Sequence[NewPerson], hashes: dict[str, str], tx: Transaction
) -> tuple[list[Verdict], list[RoomId]]:
    """Judge everybody anew: meanwhile a name may have been taken, and one may stand twice among these."""
    verdicts, made = [], list[RoomId]()
    for person in some:
        found = _judge(ctx, tx, person)
        if found.state == "new":
            made += _add(tx, ctx, asker, person, hashes[person.name])
        verdicts.append(found)
    return verdicts, made


def _judge(ctx: Context, rows: Rows, person: NewPerson) -> Verdict:
    known = known_of(rows, user_of(person, ctx.limits), person.rooms)
    return verdict(person, known, policy_of(ctx, rows), ctx.limits)


def _add(tx: Transaction, ctx: Context, asker: Asker, person: NewPerson, hashed: str) -> list[RoomId]:
    known = known_of(tx, user_of(person, ctx.limits), person.rooms)
    rooms = tuple(room for room in known.rooms.values() if room is not None)
    account = Account(user_of(person, ctx.limits), hashed, person.role, ctx.clock())
    made = add_account(tx, ctx, account, full_name_of(person), Promise(rooms, _REASON, opens_closed_rooms=True))
    note_act(tx, ctx, asker, "create account", account.user_id, role=person.role, by="import")
    return made
