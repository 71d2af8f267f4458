"""Appending one event inside a transaction: may it, where does it belong, whom does it notify.

Every way into a room's log passes through here.
"""

from veche.commands.context import Context
from veche.commands.media.attaching import attach_to_event
from veche.commands.notifications import classify, count_named
from veche.commands.timeline.carrying import follow_predecessor
from veche.domain.events import MEMBER, Content, Draft, StateEvent
from veche.domain.ids import DeviceId, EventId, RoomId, UserId
from veche.domain.media import names_files
from veche.domain.notifications import EventFacts, RoomFacts, evaluate_defaults, name_keys
from veche.domain.permissions import may_send
from veche.domain.power_levels import PowerLevels, power_levels
from veche.domain.refusals import Refusal, Refused, refuse
from veche.domain.timeline import MAIN, Event, NewEvent, Relation, content_of, encode_event, is_edit_of, relation_of
from veche.storage import receipts, rooms, timeline
from veche.storage.rooms import CurrentState
from veche.storage.writer import Transaction

NO_ROOT = Refusal("M_UNKNOWN", 400, "A thread cannot begin at an event that itself points at another.")
ANNOTATED = Refusal("M_DUPLICATE_ANNOTATION", 400, "You have given this reaction already.")


class Repeated(Exception):
    """This transaction id has given an event before; the request is answered with that one."""

    def __init__(self, event_id: EventId) -> None:
        super().__init__(event_id)
        self.event_id = event_id


def encode(
    ctx: Context, room: RoomId, sender: UserId, draft: Draft, device: DeviceId | None = None, txn: str | None = None
) -> NewEvent:
    """Encode an event, raising 400 or 413 where it is malformed or too large."""
    made = encode_event(room, sender, draft, ctx.clock(), ctx.random(16), device, txn)
    if isinstance(made, Refusal):
        raise Refused(made)
    return made


def append(
    tx: Transaction, state: CurrentState, new: NewEvent, *, path: str = "", allowed_by: UserId | None = None
) -> Event:
    """Append an event that the rules permit; raises ``Refused`` where they do not, ``Repeated`` for a known
    transaction id on the same ``path``.
    """
    levels = power_levels(state)
    refuse(may_send(state, new.sender, new.draft, levels=levels, allowed_by=allowed_by))
    return _append(tx, state, levels, new, path)


def append_unasked(tx: Transaction, state: CurrentState, new: NewEvent) -> Event:
    """Append an event without asking the rules: the very first of a room, before which there are none."""
    return _append(tx, state, power_levels(state), new, "")


def _append(tx: Transaction, state: CurrentState, levels: PowerLevels, new: NewEvent, path: str) -> Event:
    draft = new.draft
    relation, thread = _related(tx, new) if draft.state_key is None else (None, MAIN)
    facts = EventFacts(draft.type, draft.content, new.sender, new.room_id, draft.state_key)
    base = evaluate_defaults(facts, RoomFacts(0, levels.of(new.sender), levels.notifications))
    event = timeline.append(
        tx, new, notify=base.notify, highlight=base.highlight, thread=thread, relation=relation, path=path
    )
    if event is None:
        raise Repeated(_earlier(tx, new, path))
    if names_files(event.json):
        attach_to_event(tx, state, event)
    if draft.type == MEMBER:
        _follow_membership(tx, state, event, draft.content)
    if event.state_key is not None:
        state.replace(
            StateEvent(event.type, event.state_key, event.sender, draft.content, event.event_id, event.position)
        )
    count_named(tx, event, draft.content, base)
    receipts.advance_mark(tx, new.sender, new.room_id, thread, event.position, event.position)
    return event


def _related(tx: Transaction, new: NewEvent) -> tuple[Relation | None, str]:
    """Return the relation a message declares and the thread it belongs to: that relation's, or its parent's.

    What points at nothing in its own room, or edits what it may not, is no relation: such are simply ignored
    (section Forming relationships between events).
    """
    relation = relation_of(new.draft.content)
    parent = timeline.find(tx, new.room_id, relation.parent) if relation is not None else None
    if relation is None or parent is None:
        return None, MAIN
    if relation.kind == "m.replace" and not is_edit_of(parent, new.sender, new.draft):
        return None, MAIN
    if relation.kind == "m.annotation" and timeline.is_annotated(tx, relation, new.sender, new.draft.type):
        raise Refused(ANNOTATED)
    if relation.kind != "m.thread":
        return relation, parent.thread
    if parent.thread != MAIN or relation_of(content_of(parent)) is not None:
        raise Refused(NO_ROOT)
    return relation, relation.parent


def _earlier(tx: Transaction, new: NewEvent, path: str) -> EventId:
    assert new.device is not None
    assert new.txn is not None
    earlier = timeline.find_transaction(tx, new.sender, new.device, new.txn, path)
    assert earlier is not None
    return earlier


def _follow_membership(tx: Transaction, state: CurrentState, event: Event, content: Content) -> None:
    """Keep the table of memberships, and the room's name index, in step with the log."""
    user, name = UserId(event.state_key or ""), content.get("displayname")
    kind: str = content["membership"]
    shown = name if isinstance(name, str) and "\x00" not in name else None
    before = rooms.membership(tx, event.room_id, user)
    rooms.put_membership(tx, event.room_id, user, kind, event.position, shown)
    rooms.put_names(tx, event.room_id, user, name_keys(user, shown) if kind == "join" else ())
    if kind == "join":
        if before is None or before.membership != "join":
            follow_predecessor(tx, state, user)
        classify(tx, user, event.room_id)
