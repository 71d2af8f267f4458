"""Redacting: what was said is unsaid; a trace remains that something was."""

from veche.base import json
from veche.commands.context import Context
from veche.commands.timeline.appending import append, encode
from veche.domain.events import CREATE, REDACTION, Content, Draft
from veche.domain.facts import Fact
from veche.domain.ids import EventId, RoomId
from veche.domain.permissions import may_redact
from veche.domain.redaction import redact
from veche.domain.refusals import Refused, forbidden, not_found, refuse
from veche.domain.rooms import RoomVersion, room_version
from veche.domain.sessions import Asker
from veche.domain.timeline import Event, client_json, content_of, relation_of
from veche.storage import rooms, timeline
from veche.storage.writer import Transaction


async def redact_event(
    ctx: Context, asker: Asker, room: RoomId, target: EventId, reason: str | None, txn: str
) -> EventId:
    """Redact an event: its bytes, its relation and what was bundled of it go in the same transaction.

    Raises 403 where the rules forbid it, 404 for an event that is not in the room (section Redactions).
    """
    path = f"redact/{room}/{target}"

    def work(tx: Transaction) -> EventId:
        earlier = timeline.find_transaction(tx, asker.user, asker.device, txn, path)
        return earlier or _redact(ctx, tx, asker, room, target, reason, txn, path)

    return await ctx.writer.run(work)


def _redact(
    ctx: Context, tx: Transaction, asker: Asker, room: RoomId, target: EventId, reason: str | None, txn: str, path: str
) -> EventId:
    state = rooms.current_state(tx, room)
    state.prefetch(asker.user)
    event, row = timeline.find(tx, room, target), rooms.find(tx, room)
    refuse(may_redact(state, asker.user, event.sender if event else asker.user))
    if event is None or row is None:
        raise Refused(not_found("There is no such event in this room."))
    if event.type == CREATE:
        raise Refused(forbidden("A room's first event cannot be redacted."))
    version = room_version(row.version)
    assert version is not None
    draft = _draft(version, target, reason)
    redaction = append(tx, state, encode(ctx, room, asker.user, draft, asker.device, txn), path=path)
    if event.redaction is None:
        strip(tx, version, event, redaction)
    return redaction.event_id


def strip(tx: Transaction, version: RoomVersion, event: Event, redaction: Event) -> None:
    """Rewrite the stored bytes of ``event`` to what the room version leaves of it."""
    content = content_of(event)
    bare = json.decode(event.json)
    bare["content"] = redact(version, event.type, content)
    relation = relation_of(content) if event.state_key is None else None
    because = client_json(redaction, b"{}", with_room=False)
    for user in timeline.redact(tx, event, json.encode(bare), because, relation):
        tx.record(Fact("read_mark", room=event.room_id, user=user))


def _draft(version: RoomVersion, target: EventId, reason: str | None) -> Draft:
    content: Content = {} if reason is None else {"reason": reason}
    if version.redacts_in_content:
        content["redacts"] = target
    # Clients of both kinds read a redaction's target at the top level (section Redactions, compatibility).
    return Draft(REDACTION, content, redacts=target)
