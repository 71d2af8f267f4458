"""Passwords: whether a new one is good enough, and the policy that says so."""

from veche.commands.context import Context
from veche.commands.operation import note_act
from veche.domain.accounts import may_administer
from veche.domain.accounts.passwords import (
    IS_CURRENT,
    PasswordPolicy,
    PolicyChange,
    changed_policy,
    first_policy,
    may_be_policy,
    may_choose_password,
)
from veche.domain.ids import UserId
from veche.domain.refusals import Refused, refuse
from veche.domain.sessions import Asker
from veche.storage import accounts
from veche.storage.accounts import passwords
from veche.storage.rows import Rows
from veche.storage.writer import Transaction


async def expect_good_password(ctx: Context, password: str, name: str) -> None:
    """Refuse with 400 M_WEAK_PASSWORD what the policy does not let the account called ``name`` have."""
    policy = await ctx.reader.run(lambda at: policy_of(ctx, at))
    refuse(may_choose_password(password, name, policy, ctx.limits))


async def expect_another_password(ctx: Context, user: UserId, password: str) -> None:
    """Refuse with 400 M_WEAK_PASSWORD the password that somebody has now, where the policy wants another."""
    policy, account = await ctx.reader.run(lambda at: (policy_of(ctx, at), accounts.find(at, user)))
    if not policy.forbids_current or account is None or account.password_hash is None:
        return
    if await ctx.outside.hashing.verify(account.password_hash, password):
        raise Refused(IS_CURRENT)


async def change_password_policy(ctx: Context, asker: Asker, change: PolicyChange) -> PasswordPolicy:
    """Change the policy for all passwords that are chosen from now on; return the whole of it."""
    refuse(may_administer(asker))

    def work(tx: Transaction) -> PasswordPolicy:
        new = changed_policy(policy_of(ctx, tx), change)
        refuse(may_be_policy(new))
        passwords.set_policy(tx, new)
        note_act(tx, ctx, asker, "change password policy", policy=new)
        return new

    return await ctx.writer.run(work)


def policy_of(ctx: Context, rows: Rows) -> PasswordPolicy:
    """Return the policy in force."""
    return passwords.policy(rows) or first_policy(ctx.limits)
