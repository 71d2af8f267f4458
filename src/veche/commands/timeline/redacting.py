"""Redacting: what was said is unsaid; a trace remains that something was."""

import msgspec

from veche.base import json
from veche.commands.context import Context
from veche.commands.media.attaching import detach_from_event
from veche.commands.timeline.appending import append, encode
from veche.domain.events import CREATE, MEMBER, REDACTION, Content, Draft
from veche.domain.facts import Fact
from veche.domain.ids import EventId, RoomId, UserId
from veche.domain.moderation import may_take_part
from veche.domain.notifications import name_keys
from veche.domain.permissions import may_redact
from veche.domain.redaction import redact
from veche.domain.refusals import Refused, forbidden, missing_param, not_found, refuse
from veche.domain.rooms import RoomVersion, room_version
from veche.domain.sessions import Asker
from veche.domain.timeline import Event, client_json, content_of, relation_of
from veche.storage import notifications, rooms, timeline
from veche.storage.writer import Transaction


async def redact_event(
    ctx: Context, asker: Asker, room: RoomId, target: EventId, reason: str | None, txn: str
) -> EventId:
    """Redact an event: its bytes, its relation and what was bundled of it go in the same transaction.

    Raises 403 where the rules forbid it, 404 for an event that is not in the room (section Redactions).
    """
    ctx.live.presence.act(asker.user, asker.device)
    content: Content = {} if reason is None else {"reason": reason}
    return await _redact(ctx, asker, room, target, content, _Request(txn, f"redact/{room}/{target}"))


async def send_redaction(ctx: Context, asker: Asker, room: RoomId, content: Content, txn: str) -> EventId:
    """Redact the event that ``content`` names in ``redacts``; 400 where it names none (section Sending events)."""
    target = content.get("redacts")
    if not isinstance(target, str) or "\x00" in target:
        raise Refused(missing_param("A redaction has to name an event in redacts.", "redacts"))
    rest = {name: value for name, value in content.items() if name != "redacts"}
    return await _redact(ctx, asker, room, EventId(target), rest, _Request(txn, f"send/{room}/{REDACTION}"))


class _Request(msgspec.Struct, frozen=True):
    """The request by its transaction id, and the path on which that id is good."""

    txn: str
    path: str


async def _redact(
    ctx: Context, asker: Asker, room: RoomId, target: EventId, content: Content, request: _Request
) -> EventId:
    def work(tx: Transaction) -> EventId:
        earlier = timeline.find_transaction(tx, asker.user, asker.device, request.txn, request.path)
        return earlier or _redacted(ctx, tx, asker, room, target, content, request)

    return await ctx.writer.run(work)


def _redacted(
    ctx: Context, tx: Transaction, asker: Asker, room: RoomId, target: EventId, content: Content, request: _Request
) -> EventId:
    state = rooms.current_state(tx, room)
    state.prefetch(asker.user)
    event, row = timeline.find(tx, room, target), rooms.find(tx, room)
    # An administrator of the server may redact whatever its people have said, as if it were their own.
    author = asker.user if event is None or asker.role == "administrator" else event.sender
    refuse(may_redact(state, asker.user, author))
    if event is not None and event.sender != asker.user:
        refuse(may_take_part(asker))
    if event is None or row is None:
        raise Refused(not_found("There is no such event in this room."))
    if event.type == CREATE:
        raise Refused(forbidden("A room's first event cannot be redacted."))
    version = room_version(row.version)
    assert version is not None
    draft = _draft(target, content)
    new = encode(ctx, room, asker.user, draft, asker.device, request.txn)
    redaction = append(tx, state, new, path=request.path)
    if event.redaction is None:
        strip(tx, version, event, redaction)
    return redaction.event_id


def strip(tx: Transaction, version: RoomVersion, event: Event, redaction: Event) -> None:
    """Rewrite the stored bytes of ``event`` to what the room version leaves of it."""
    content = content_of(event)
    bare = json.decode(event.json)
    bare["content"] = redact(version, event.type, content)
    if not version.redacts_in_content:
        bare.pop("redacts", None)  # such a redaction names its target here alone, and that goes with its content
    relation = relation_of(content) if event.state_key is None else None
    because = client_json(redaction, b"{}", with_room=False)
    notifications.uncount(tx, event)
    for user in timeline.redact(tx, event, json.encode(bare), because, relation):
        tx.record(Fact("read_mark", room=event.room_id, user=user))
    detach_from_event(tx, event, redaction.ts)
    if event.type == MEMBER:
        _forget_name(tx, event)


def _forget_name(tx: Transaction, event: Event) -> None:
    """A redacted membership bears no display name any more: neither in lists nor in the room's name index."""
    user = UserId(event.state_key or "")
    now = rooms.membership(tx, event.room_id, user)
    if now is not None and now.position == event.position:
        rooms.put_membership(tx, event.room_id, user, now.membership, event.position, None)
        rooms.put_names(tx, event.room_id, user, name_keys(user, None) if now.membership == "join" else ())


def _draft(target: EventId, content: Content) -> Draft:
    # Older clients look for the target at the top level, newer ones inside the content, in all room versions
    # (room version 11, Moving the redacts property).
    return Draft(REDACTION, {**content, "redacts": target}, redacts=target)
