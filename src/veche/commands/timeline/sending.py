"""Sending messages and setting state."""

from veche.base import json
from veche.commands.context import Context
from veche.commands.timeline.appending import Repeated, append, encode
from veche.commands.timeline.redacting import send_redaction
from veche.domain.directory import names_other_room
from veche.domain.events import CANONICAL_ALIAS, MEMBER, REDACTION, Content, Draft
from veche.domain.ids import EventId, RoomId, UserId
from veche.domain.membership import ALLOWED_BY, may_invite
from veche.domain.moderation import may_take_part
from veche.domain.permissions import may_send
from veche.domain.refusals import Refusal, Refused, not_found, refuse, too_large
from veche.domain.sessions import Asker
from veche.domain.settings import Limits
from veche.storage import account_data, accounts, directory, rooms, timeline
from veche.storage.rooms import CurrentState
from veche.storage.writer import Transaction


async def send_message(ctx: Context, asker: Asker, room: RoomId, draft: Draft, txn: str) -> EventId:
    """Send a message event; the same ``txn`` from the same device gives the same event again.

    Raises 403 where the room's rules forbid it, 400 or 413 for a malformed or too large event
    (section Sending events to a room).
    """
    ctx.live.presence.act(asker.user, asker.device)
    if draft.type == REDACTION:
        return await send_redaction(ctx, asker, room, draft.content, txn)
    refuse(_fits(draft, ctx.limits))
    new = encode(ctx, room, asker.user, draft, asker.device, txn)
    path = f"send/{room}/{draft.type}"

    def work(tx: Transaction) -> EventId:
        state = rooms.current_state(tx, room)
        state.prefetch(asker.user)
        try:
            refuse(may_take_part(asker))
            return append(tx, state, new, path=path).event_id
        except Repeated as repeated:
            return repeated.event_id
        except Refused:
            # Answered as before even where the sender may no longer write: the client never heard the first answer.
            earlier = timeline.find_transaction(tx, asker.user, asker.device, txn, path)
            if earlier is None:
                raise
            return earlier

    return await ctx.writer.run(work)


async def set_state(ctx: Context, asker: Asker, room: RoomId, draft: Draft) -> EventId:
    """Set one piece of a room's state; setting what is already set gives the present event again.

    Raises 403 where the rules forbid it, 400 M_BAD_ALIAS for an alias of another room, 400 or 413 for a
    malformed or too large event.
    """
    ctx.live.presence.act(asker.user, asker.device)
    if not _is_farewell(asker, draft):
        refuse(may_take_part(asker))
    draft = _own_words(draft)
    new = encode(ctx, room, asker.user, draft)

    def work(tx: Transaction) -> EventId:
        state = rooms.current_state(tx, room)
        state.prefetch(asker.user)
        refuse(makes_sense(tx, state, asker.user, draft))
        present = state.get(draft.type, draft.state_key or "")
        if present is not None and present.sender == asker.user and _is_same(present.content, draft.content):
            refuse(may_send(state, asker.user, draft))
            return present.event_id
        return append(tx, state, new).event_id

    return await ctx.writer.run(work)


def makes_sense(tx: Transaction, state: CurrentState, sender: UserId, draft: Draft) -> Refusal | None:
    """Say why a state event does not fit what else the server knows: aliases of other rooms, people who are
    not here, or want no invitations.

    The rules of the room do not ask for this; 400 M_INVALID_PARAM or M_BAD_ALIAS, 404 for somebody unknown, 403.
    """
    if draft.type == CANONICAL_ALIAS:
        present = state.get(CANONICAL_ALIAS)
        known = present.content if present is not None else {}
        return names_other_room(draft.content, known, lambda alias: directory.room_of(tx, alias) == state.room_id)
    if draft.type == MEMBER and draft.content.get("membership") == "invite":
        return _can_be_invited(tx, state, sender, UserId(draft.state_key or ""))
    return None


def _can_be_invited(tx: Transaction, state: CurrentState, sender: UserId, user: UserId) -> Refusal | None:
    """Only whoever could invite somebody is told that they want no invitations."""
    refusal = is_here(tx, user)
    if refusal is None and may_invite(state, sender, user) is None:
        return wants_invitations(tx, user)
    return refusal


def is_here(tx: Transaction, user: UserId) -> Refusal | None:
    """Only people of this server can be invited, as there is no federation: 404 for anybody else."""
    account = accounts.find(tx, user)
    if account is None or account.deactivated_ts is not None:
        return not_found(f"{user} is not known on this server.")
    return None


def wants_invitations(tx: Transaction, user: UserId) -> Refusal | None:
    """Say that somebody wants none: 403 M_INVITE_BLOCKED (section Invite permission)."""
    if account_data.blocks_invitations(tx, user):
        return Refusal("M_INVITE_BLOCKED", 403, f"{user} does not accept invitations.")
    return None


def _fits(draft: Draft, limits: Limits) -> Refusal | None:
    body = draft.content.get("body")
    if limits.longest_message and isinstance(body, str) and len(body) > limits.longest_message:
        return too_large(f"The message is longer than {limits.longest_message} characters.")
    return None


def _is_farewell(asker: Asker, draft: Draft) -> bool:
    """Say whether somebody leaves by this: that is open to those who are suspended, too."""
    return draft.type == MEMBER and draft.state_key == asker.user and draft.content.get("membership") == "leave"


def _own_words(draft: Draft) -> Draft:
    """A client that changes its name in one room sends back the old content; who let it in is not its to say."""
    if draft.type != MEMBER or ALLOWED_BY not in draft.content:
        return draft
    content = {name: value for name, value in draft.content.items() if name != ALLOWED_BY}
    return Draft(draft.type, content, draft.state_key)


def _is_same(one: Content, other: Content) -> bool:
    """Python takes 1 and true for equal, JSON does not."""
    return one == other and json.encode(one) == json.encode(other)
