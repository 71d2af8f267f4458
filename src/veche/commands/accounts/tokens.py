"""Registration tokens: making and revoking them, and what comes of using one. For administrators, but for the use."""

from veche.commands.accounts.welcoming import Promise
from veche.commands.context import Context
from veche.commands.operation import note_act
from veche.domain.accounts import may_administer
from veche.domain.accounts.tokens import (
    NO_TOKEN,
    TOKEN_EXISTS,
    RegistrationToken,
    TokenWish,
    may_be_made,
    may_be_token,
    no_such_room,
)
from veche.domain.ids import RoomId
from veche.domain.refusals import Refused, refuse
from veche.domain.sessions import Asker, Role, token_from
from veche.storage import directory
from veche.storage.accounts import tokens
from veche.storage.writer import Transaction

_TOKEN_BYTES = 16


async def add_registration_token(ctx: Context, asker: Asker, wish: TokenWish) -> RegistrationToken:
    """Make a registration token, with a text of its own making where none is given.

    It leads into any room, closed ones too: only administrators make tokens, and they could as well reset a member's
    password. Refuses with 400 what cannot be, rooms that are not there among it.
    """
    refuse(may_administer(asker))
    now = ctx.clock()
    refuse(may_be_made(wish, now))
    text = wish.token or token_from(ctx.random(_TOKEN_BYTES))

    def work(tx: Transaction) -> RegistrationToken:
        rooms = tuple(_room(tx, name) for name in wish.rooms)
        kept = tuple(dict.fromkeys(rooms))
        token = RegistrationToken(
            text, wish.uses_allowed, 0, wish.expires_ts, now, None, wish.role, asker.user or None, kept
        )
        if not tokens.add(tx, token):
            raise Refused(TOKEN_EXISTS)
        note_act(tx, ctx, asker, "add registration token", role=token.role, uses=token.uses_allowed, rooms=list(kept))
        return token

    return await ctx.writer.run(work)


async def revoke_registration_token(ctx: Context, asker: Asker, text: str) -> None:
    """Make a registration token invalid; refuses one that does not exist."""
    refuse(may_administer(asker))
    refuse(may_be_token(text))

    def work(tx: Transaction) -> None:
        token = tokens.find(tx, text)
        if token is None:
            raise Refused(NO_TOKEN)
        if token.revoked_ts is None:
            tokens.revoke(tx, text, ctx.clock())
            note_act(tx, ctx, asker, "revoke registration token", role=token.role, used=token.uses_done)

    await ctx.writer.run(work)


def spend(tx: Transaction, ctx: Context, text: str) -> tuple[Role, Promise] | None:
    """Use a token once: return what was promised to the new account, or None where the token is not valid.

    Closed rooms open only while who made the token is an administrator.
    """
    token = tokens.find_valid(tx, text, ctx.clock())
    if token is None:
        return None
    tokens.use(tx, text)
    opens = tokens.maker_rules(tx, token, ctx.clock())
    reason = f"came with a registration token of {token.made_by or 'whoever runs the server'}"
    return token.role, Promise(token.rooms, reason, opens_closed_rooms=opens)


def _room(tx: Transaction, name: str) -> RoomId:
    room = directory.room_named(tx, name)
    if room is None:
        raise Refused(no_such_room(name))
    return room
