"""The parts of an answer that many askers share: a room's new messages and receipts, encoded once for all of them."""

from veche.domain.facts import Entry
from veche.domain.ids import Position
from veche.domain.receipts import Receipt, receipt_events
from veche.domain.sessions import Asker
from veche.domain.timeline import Event, client_json, content_of, relation_of
from veche.queries.context import ReadContext
from veche.queries.sync.reply import timeline_json
from veche.queries.timeline.presenting import unsigned


def timeline_of(ctx: ReadContext, asker: Asker, events: list[Event]) -> bytes | None:
    """Return the timeline of plain messages; None where one of them needs another bundled into it.

    Shared by all but a device that sent one of them itself: that one is told its transaction id.
    """
    if not events:
        return timeline_json([], limited=False, prev_batch=ctx.live.notifier.head)
    now = ctx.clock()
    for event in events:
        if event.sender == asker.user and event.device == asker.device:
            return None if _needs_bundling(events) else _encoded(events, asker, now)
    key = ("timeline", events[0].room_id, events[0].position, events[-1].position, len(events))
    kept = ctx.live.fragments.find(key)
    if kept is None:
        kept = (None if _needs_bundling(events) else _encoded(events, None, now),)
        ctx.live.fragments.put(key, kept[0])
    return kept[0]


def receipts_of(ctx: ReadContext, entries: list[Entry]) -> list[bytes]:
    """Return the ephemeral events of receipts; private ones are in nobody's feed but their owner's."""
    receipts: dict[tuple[str, str, str], Receipt] = {}
    for entry in entries:
        receipt: Receipt = entry.fact.body
        key = (receipt.user_id, receipt.kind, receipt.thread)
        receipts.pop(key, None)
        receipts[key] = receipt
    if any(entry.fact.user is not None for entry in entries):
        return receipt_events(receipts.values())
    return _shared_receipts(ctx, entries, list(receipts.values()))


def _shared_receipts(ctx: ReadContext, entries: list[Entry], receipts: list[Receipt]) -> list[bytes]:
    first, last = entries[0], entries[-1]
    key = ("receipts", receipts[0].room_id, first.position, last.position, len(entries))
    kept = ctx.live.fragments.find(key)
    if kept is None:
        events = receipt_events(receipts)
        if len(events) != 1:
            return events
        kept = (events[0],)
        ctx.live.fragments.put(key, kept[0])
    return [kept[0]] if kept[0] is not None else []


def _encoded(events: list[Event], asker: Asker | None, now: int) -> bytes:
    texts = []
    for event in events:
        device = asker.device if asker is not None and event.sender == asker.user else None
        texts.append(client_json(event, unsigned(event, now, "join", device), with_room=False))
    return timeline_json(texts, limited=False, prev_batch=Position(events[0].position - 1))


def _needs_bundling(events: list[Event]) -> bool:
    """Say whether one of the events points at another of them."""
    ids = {event.event_id for event in events}
    for event in events:
        if b'"m.relates_to"' in event.json:
            relation = relation_of(content_of(event))
            if relation is not None and relation.parent in ids:
                return True
    return False
