"""Receipts and read marks: replaced, moved forwards only, seen by those they are for."""

from functools import partial

from veche.domain.ids import EventId, Position, RoomId, UserId
from veche.domain.receipts import READ, READ_PRIVATE, UNTHREADED, Receipt
from veche.domain.timeline import MAIN
from veche.storage import receipts, rooms
from veche.storage.reader import Reader
from veche.storage.writer import Transaction, Writer

ROOM, OTHER = RoomId("!room:x"), RoomId("!other:x")
ANNA, BORIS = UserId("@anna:x"), UserId("@boris:x")


def receipt(user: UserId, kind: str, at: int, room: RoomId = ROOM, thread: str = UNTHREADED) -> Receipt:
    """A receipt of somebody at the event with this position."""
    return Receipt(room, user, kind, thread, EventId(f"${at}"), Position(at), 1000 + at)


async def test_a_receipt_replaces_the_earlier_one_of_its_thread(writer: Writer, reader: Reader) -> None:
    def work(tx: Transaction) -> None:
        receipts.put(tx, receipt(ANNA, READ, 3), Position(11))
        receipts.put(tx, receipt(ANNA, READ, 4, thread=MAIN), Position(12))
        receipts.put(tx, receipt(ANNA, READ, 5), Position(13))

    await writer.run(work)
    found = await reader.run(lambda at: receipts.visible_in(at, [ROOM], ANNA, Position(0)))
    assert sorted(found, key=lambda one: one.event_position) == [
        receipt(ANNA, READ, 4, thread=MAIN),
        receipt(ANNA, READ, 5),
    ]
    assert await reader.run(lambda at: receipts.reached(at, ROOM, ANNA, READ, UNTHREADED)) == 5
    assert await reader.run(lambda at: receipts.reached(at, ROOM, ANNA, READ, "$thread")) == 0


async def test_private_receipts_are_seen_by_their_owner_only(writer: Writer, reader: Reader) -> None:
    def work(tx: Transaction) -> None:
        for user in (ANNA, BORIS):
            rooms.put_membership(tx, ROOM, user, "join", Position(1), None)
        receipts.put(tx, receipt(ANNA, READ_PRIVATE, 3), Position(11))

    await writer.run(work)
    for user, sees in ((ANNA, True), (BORIS, False)):
        found = await reader.run(partial(receipts.visible_in, rooms=[ROOM], user=user, since=Position(0)))
        assert bool(found) is sees
        news = await reader.run(partial(receipts.rooms_with_news, user=user, since=Position(10)))
        assert news == ({ROOM} if sees else set())


async def test_only_receipts_since_a_position_are_news(writer: Writer, reader: Reader) -> None:
    def work(tx: Transaction) -> None:
        for room in (ROOM, OTHER):
            rooms.put_membership(tx, room, ANNA, "join", Position(1), None)
        receipts.put(tx, receipt(BORIS, READ, 3), Position(11))
        receipts.put(tx, receipt(BORIS, READ, 4, OTHER), Position(12))

    await writer.run(work)
    found = await reader.run(lambda at: receipts.visible_in(at, [ROOM, OTHER], ANNA, Position(11)))
    assert [one.room_id for one in found] == [OTHER]
    assert await reader.run(lambda at: receipts.rooms_with_news(at, ANNA, Position(11))) == {OTHER}
    assert await reader.run(lambda at: receipts.rooms_with_news(at, BORIS, Position(0))) == set(), "not a member"


async def test_a_read_mark_only_moves_forwards(writer: Writer, reader: Reader) -> None:
    def work(tx: Transaction) -> list[bool]:
        moves = ((5, 11), (5, 12), (4, 13), (7, 14))
        return [receipts.advance_mark(tx, ANNA, ROOM, MAIN, Position(to), Position(at)) for to, at in moves]

    assert await writer.run(work) == [True, False, False, True]
    assert await reader.run(lambda at: receipts.marks_in(at, ANNA, [ROOM, OTHER])) == {(ROOM, MAIN): 7}
    assert await reader.run(lambda at: receipts.rooms_with_new_marks(at, ANNA, Position(13))) == {ROOM}
    assert await reader.run(lambda at: receipts.rooms_with_new_marks(at, ANNA, Position(14))) == set()


async def test_touching_a_mark_makes_news_and_reads_nothing(writer: Writer, reader: Reader) -> None:
    def work(tx: Transaction) -> None:
        receipts.advance_mark(tx, ANNA, ROOM, UNTHREADED, Position(5), Position(11))
        receipts.touch_mark(tx, ANNA, ROOM, Position(12))
        receipts.touch_mark(tx, ANNA, OTHER, Position(13))

    await writer.run(work)
    marks = await reader.run(lambda at: receipts.marks_in(at, ANNA, [ROOM, OTHER]))
    assert marks == {(ROOM, UNTHREADED): 5, (OTHER, UNTHREADED): 0}
    assert await reader.run(lambda at: receipts.rooms_with_new_marks(at, ANNA, Position(11))) == {ROOM, OTHER}
