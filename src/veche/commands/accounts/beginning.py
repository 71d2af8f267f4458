"""Beginning: the one-use link that makes the first administrator."""

from veche.commands.accounts.keeping import add_account
from veche.commands.accounts.passwords import policy_of
from veche.commands.accounts.welcoming import gather_everybody
from veche.commands.context import Context
from veche.commands.operation import note_act
from veche.domain.accounts.first import LINK_MS, FirstLink, FirstWish, completed, may_be_first, may_begin
from veche.domain.accounts.passwords import PasswordPolicy
from veche.domain.ids import RoomId, UserId, user_id
from veche.domain.refusals import Refusal, refuse
from veche.domain.sessions import OPERATOR, digest_of, token_from
from veche.storage import accounts
from veche.storage.accounts import Account, first_links
from veche.storage.rows import Rows
from veche.storage.writer import Transaction

_TOKEN_BYTES = 16
"""128 bits: as many as nobody guesses, whatever the rate."""


async def offer_first_link(ctx: Context) -> str | None:
    """Return the token of a fresh link, and make older ones unknown; None where somebody has an account already.

    Only its SHA-256 digest is stored, in a row: a restart does not forget it.
    """
    token = token_from(ctx.random(_TOKEN_BYTES))
    link = FirstLink(digest_of(token), ctx.clock() + LINK_MS)
    return token if await ctx.writer.run(lambda tx: _offered(tx, link)) else None


async def make_first_administrator(ctx: Context, token: str, wish: FirstWish) -> UserId:
    """Use a link up and make the first administrator, both or neither.

    Refuses with 404 or 410 where the link is not valid; then with 400, and all that is wrong under
    ``org.veche.faults``.
    """
    digest = digest_of(token)
    refusal, policy = await ctx.reader.run(lambda at: (_refusal(ctx, at, digest), policy_of(ctx, at)))
    refuse(refusal)
    wish = _expect_good(ctx, wish, policy)
    user = user_id(wish.name, ctx.limits.server_name)
    account = Account(user, await ctx.outside.hashing.hash(wish.password), "administrator", ctx.clock())

    def work(tx: Transaction) -> list[RoomId]:
        refuse(_refusal(ctx, tx, digest))
        first_links.use(tx, digest, ctx.clock())
        made = add_account(tx, ctx, account, wish.full_name)
        note_act(tx, ctx, OPERATOR, "create account", user, role="administrator", by="first link")
        return made

    await gather_everybody(ctx, await ctx.writer.run(work))
    return user


def _offered(tx: Transaction, link: FirstLink) -> bool:
    if accounts.exists_any(tx):
        return False
    first_links.replace(tx, link)
    return True


def _refusal(ctx: Context, rows: Rows, digest: bytes) -> Refusal | None:
    link = first_links.find(rows, digest)
    return may_begin(link, ctx.clock(), has_administrator=accounts.has_administrator(rows))


def _expect_good(ctx: Context, wish: FirstWish, policy: PasswordPolicy) -> FirstWish:
    whole = completed(wish, ctx.limits)
    refuse(may_be_first(whole, policy, ctx.limits))
    return whole
