"""Comparing what a client holds with what is told to who asks for everything, and with the log itself."""

import json
from functools import partial

from tests.parity.client import MEMBER, Answer, Client, Differs, Event, Pieces, RoomView, Shape
from tests.parity.truth import bare, leaving, passes, passing, raw_log, state_at_leaving, visible_log
from tests.stage.people import Person
from tests.stage.world import World
from veche.domain.timeline import Event as Stored
from veche.storage.reader import Snapshot


def agree(what: str, held: object, true: object) -> None:
    """Fail where two things that ought to be the same are not."""
    if held != true:
        raise Differs(f"{what}\n  held: {held}\n  true: {true}")


async def compare(world: World, client: Client, spare: Person, ignored: set[str]) -> None:
    """Compare a client that has just synced with a full sync of ``spare``, another device of the same person."""
    full = Client(spare, _plain(client.shape))
    await full.take(await full.ask(), set())
    agree("account data", client.data, full.data)
    rooms = client.rooms.keys() | full.rooms.keys()
    for room in sorted(rooms):
        held, true = client.view(room), full.view(room)
        agree(f"membership of {client.user} in {room}", held.membership, true.membership)
        if held.membership == "join":
            _compare_joined(client, room, held, true)
    joined = [room for room, view in client.rooms.items() if view.membership == "join"]
    logs = await world.queries.reader.run(lambda at: {room: _log(at, client, room, ignored) for room in joined})
    for room, (log, redacted) in logs.items():
        ids = [event_id for event_id in _ids(client.view(room).log) if event_id not in redacted]
        agree(f"log of {room} for {client.user}", ids, [event.event_id for event in log])


async def compare_ending(world: World, client: Client, room: str, ignored: set[str]) -> None:
    """Compare the log and state of a room that a client has just been told it is no longer in.

    Of what came after the person had left they learn only how they stand to the room now, if they were banned since.
    """
    view = client.view(room)
    whole = await world.queries.reader.run(lambda at: raw_log(at, room))
    ending = next(event for event in whole if event.event_id == view.log[-1]["event_id"])
    left_at = leaving(whole, client.user, ending.position)
    seen = [event for event in visible_log(whole, client.user) if event.position <= left_at]
    log = [event.event_id for event in passing(seen, client.shape, ignored) if event is not ending]
    agree(f"log of {room} that {client.user} has left", _ids(view.log)[:-1], log)
    held = {piece: event for piece, event in view.state.items() if not (client.shape.lazy and piece[0] == MEMBER)}
    wanted = {
        piece: event_id
        for piece, event_id in state_at_leaving(whole, client.user, ending).items()
        if passes(client.shape.state, piece[0]) and not (client.shape.lazy and piece[0] == MEMBER)
    }
    agree(f"state of {room} that {client.user} has left", _state_ids(held, client.shape), wanted)


async def look_at_events(world: World, client: Client, answer: Answer) -> None:
    """Compare every event that an answer tells with the stored one, as it is now."""
    for kind in ("join", "leave"):
        for room, told in answer.get("rooms", {}).get(kind, {}).items():
            log = await world.queries.reader.run(partial(raw_log, room=room))
            stored = {event.event_id: event for event in log}
            events = [*told["timeline"]["events"]]
            for name in ("state", "state_after"):
                events += told.get(name, {}).get("events", [])
            for event in events:
                _look_at(client.person, event, stored[event["event_id"]])


def _plain(shape: Shape) -> Shape:
    """The shape of a first sync that tells everything the client is told about, and no long timeline."""
    return Shape(
        limit=1,
        by_thread=shape.by_thread,
        after=True,
        ephemeral=shape.ephemeral,
        account_data=shape.account_data,
        rooms=shape.rooms,
    )


def _compare_joined(client: Client, room: str, held: RoomView, true: RoomView) -> None:
    place = f"{room} for {client.user}"
    agree(f"receipts in {place}", held.receipts, true.receipts)
    agree(f"account data of {place}", held.data, true.data)
    agree(f"unread counts of {place}", held.counts, true.counts)
    agree(f"summary of {place}", {name: held.summary.get(name) for name in true.summary}, true.summary)
    if client.shape.lazy:
        known = {piece for piece in held.state if piece[0] == MEMBER}
        wanted = {piece: event for piece, event in true.state.items() if piece[0] != MEMBER or piece in known}
    else:
        wanted = true.state
    wanted = {piece: event for piece, event in wanted.items() if passes(client.shape.state, piece[0])}
    agree(f"state of {place}", _state_ids(held.state, client.shape), _state_ids(wanted, client.shape))


def _log(at: Snapshot, client: Client, room: str, ignored: set[str]) -> tuple[list[Stored], set[str]]:
    """Return what the client should hold of a room, and what it may hold or not.

    That is what no longer passes a filter that looks into the content, since it was redacted.
    """
    log = raw_log(at, room)
    redacted: set[str] = {
        event.event_id for event in log if event.redaction and "contains_url" in client.shape.timeline
    }
    seen = passing(visible_log(log, client.user), client.shape, ignored)
    return [event for event in seen if event.event_id not in redacted], redacted


def _look_at(person: Person, event: Event, stored: Stored) -> None:
    agree(f"event {stored.event_id}", bare(event), json.loads(stored.json))
    own = stored.sender == person.user and stored.device == person.asker.device
    unsigned = event["unsigned"]
    agree("transaction id", unsigned.get("transaction_id"), stored.txn if own else None)
    agree("redaction", "redacted_because" in unsigned, stored.redaction is not None)


def _state_ids(pieces: Pieces, shape: Shape) -> dict[tuple[str, str], str]:
    return {piece: event["event_id"] for piece, event in pieces.items() if passes(shape.state, piece[0])}


def _ids(log: list[Event]) -> list[str]:
    return [event["event_id"] for event in log]
