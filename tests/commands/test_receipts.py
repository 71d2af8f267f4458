"""Receipts: forwards only, told to those they are for, and moving the reader's own mark."""

from collections.abc import Coroutine
from typing import Any

import pytest

from tests.cast import ANNA, BORIS, CARLA
from tests.commands.conversation import conversation, head, told_since
from tests.stage.world import World
from veche.commands.receipts import ReadMarkers, send_receipt, set_read_markers
from veche.domain.ids import EventId, RoomId
from veche.domain.receipts import FULLY_READ, READ, READ_PRIVATE, UNTHREADED, Receipt
from veche.domain.refusals import Refused
from veche.storage import account_data, receipts

NOWHERE = EventId("$nowhere")


async def refused(deed: Coroutine[Any, Any, None]) -> tuple[int, str]:
    """Status and code of what is refused."""
    with pytest.raises(Refused) as caught:
        await deed
    return caught.value.refusal.status, caught.value.refusal.code


async def test_a_receipt_moves_forwards_and_is_told_to_the_room(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    talk = await conversation(world, anna, boris)
    first, second = await talk.say(anna), await talk.say(anna)
    before = await head(world)
    await send_receipt(world.commands, boris.asker, talk.room, READ, second)
    receipt, mark = told_since(world, before)
    assert (receipt.fact.kind, receipt.fact.room, receipt.fact.user) == ("receipt", talk.room, None)
    told = receipt.fact.body
    assert isinstance(told, Receipt)
    assert (told.user_id, told.kind, told.thread, told.event_id) == (boris.user, READ, UNTHREADED, second)
    assert (mark.fact.kind, mark.fact.room, mark.fact.user) == ("read_mark", talk.room, boris.user)
    before = await head(world)
    for event in (first, second):
        await send_receipt(world.commands, boris.asker, talk.room, READ, event)
    assert await head(world) == before, "nothing was written"


async def test_a_private_receipt_is_told_to_its_owner(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    talk = await conversation(world, anna, boris)
    event = await talk.say(anna)
    before = await head(world)
    await send_receipt(world.commands, boris.asker, talk.room, READ_PRIVATE, event)
    receipt = told_since(world, before)[0]
    assert (receipt.fact.kind, receipt.fact.user) == ("receipt", boris.user)


async def test_a_public_receipt_behind_the_private_one_is_told_but_moves_no_mark(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    talk = await conversation(world, anna, boris)
    first, second = await talk.say(anna), await talk.say(anna)
    await send_receipt(world.commands, boris.asker, talk.room, READ_PRIVATE, second)
    before = await head(world)
    await send_receipt(world.commands, boris.asker, talk.room, READ, first)
    assert [entry.fact.kind for entry in told_since(world, before)] == ["receipt"]
    assert await talk.counts(boris) == (0, 0)


async def test_receipts_of_threads_stand_apart(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    talk = await conversation(world, anna, boris)
    root = await talk.say(anna)
    reply, aside = await talk.say(anna, thread=root), await talk.say(anna)
    assert (await talk.unread(boris)).threads == {root: (1, 0)}
    await send_receipt(world.commands, boris.asker, talk.room, READ, aside, "main")
    found = await talk.unread(boris)
    assert (found.notify, found.threads) == (0, {root: (1, 0)})
    await send_receipt(world.commands, boris.asker, talk.room, READ, reply, root)
    assert (await talk.unread(boris)).threads == {}
    marks = await world.queries.reader.run(lambda at: receipts.marks_in(at, boris.user, [talk.room]))
    assert {thread for _, thread in marks} >= {"", root}


async def test_what_cannot_be_a_receipt_is_refused(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    talk = await conversation(world, anna, boris)
    root = await talk.say(anna)
    reply = await talk.say(anna, thread=root)
    ctx, before = world.commands, await head(world)
    assert await refused(send_receipt(ctx, carla.asker, talk.room, READ, root)) == (403, "M_FORBIDDEN")
    assert await refused(send_receipt(ctx, anna.asker, RoomId("!none:x"), READ, root)) == (403, "M_FORBIDDEN")
    assert await refused(send_receipt(ctx, boris.asker, talk.room, READ, NOWHERE)) == (404, "M_NOT_FOUND")
    assert await refused(send_receipt(ctx, boris.asker, talk.room, READ, EventId("$\x00"))) == (404, "M_NOT_FOUND")
    for kind, event, thread in ((READ, reply, "main"), (READ, root, ""), (FULLY_READ, root, "main"), ("m.x", root, 0)):
        deed = send_receipt(ctx, boris.asker, talk.room, kind, event, thread)
        assert await refused(deed) == (400, "M_INVALID_PARAM")
    assert await head(world) == before


async def test_the_fully_read_marker_moves_forwards_as_account_data(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    talk = await conversation(world, anna, boris)
    first, second = await talk.say(anna), await talk.say(anna)

    async def marker() -> Any:
        return await world.queries.reader.run(lambda at: account_data.find(at, boris.user, talk.room, FULLY_READ))

    await send_receipt(world.commands, boris.asker, talk.room, FULLY_READ, first)
    assert await marker() == {"event_id": first}
    assert await talk.counts(boris) == (2, 0), "the marker reads nothing"
    before = await head(world)
    await set_read_markers(world.commands, boris.asker, talk.room, ReadMarkers(second, first, second))
    kinds = [(entry.fact.kind, entry.fact.user) for entry in told_since(world, before)]
    assert kinds == [
        ("account_data", boris.user),
        ("receipt", None),
        ("read_mark", boris.user),
        ("receipt", boris.user),
        ("read_mark", boris.user),
    ]
    assert await marker() == {"event_id": second}
    assert await talk.counts(boris) == (0, 0)
    await set_read_markers(world.commands, boris.asker, talk.room, ReadMarkers(first))
    assert await marker() == {"event_id": second}


async def test_one_unknown_event_moves_no_marker_at_all(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    talk = await conversation(world, anna, boris)
    event = await talk.say(anna)
    before = await head(world)
    deed = set_read_markers(world.commands, boris.asker, talk.room, ReadMarkers(event, NOWHERE))
    assert await refused(deed) == (404, "M_NOT_FOUND")
    found = await world.queries.reader.run(lambda at: account_data.find(at, boris.user, talk.room, FULLY_READ))
    assert (found, await talk.counts(boris)) == (None, (1, 0))
    assert await head(world) == before
