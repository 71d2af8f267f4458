"""Push rules, member classes, and the counts that running totals give behind read marks."""

from collections.abc import Callable
from functools import partial

from veche.domain.ids import EventId, Position, RoomId, UserId
from veche.domain.notifications import Alteration, Changes, PushRule, Ruleset, Totals
from veche.domain.receipts import UNTHREADED
from veche.domain.timeline import MAIN, Event
from veche.storage import notifications, receipts, rooms
from veche.storage.notifications import ClassIn, RoomCount, ThreadCount, walking
from veche.storage.reader import Reader
from veche.storage.writer import Transaction, Writer

ROOM, OTHER = RoomId("!room:x"), RoomId("!other:x")
ANNA, BORIS, CARLA = UserId("@anna:x"), UserId("@boris:x"), UserId("@carla:x")
ROOT = EventId("$root")

Work = Callable[[Transaction], None]


def joins(user: UserId, at: int, room: RoomId = ROOM) -> Work:
    """Somebody joins a room."""
    return lambda tx: rooms.put_membership(tx, room, user, "join", Position(at), user[1:])


def says(at: int, total: int, thread: str = MAIN, room: RoomId = ROOM, sender: UserId = ANNA) -> Work:
    """An event that brings its timeline's total to ``total``; one of a thread leaves the main timeline's at 9."""

    def work(tx: Transaction) -> None:
        in_main = total if thread == MAIN else 9
        tx.run(
            "INSERT INTO events (position, event_id, room_id, type, sender, ts, json, thread, main_notify,"
            " main_highlight) VALUES (?, ?, ?, 'm.room.message', ?, 0, ?, ?, ?, 0)",
            at,
            f"${at}",
            room,
            sender,
            b'{"content":{}}',
            thread,
            in_main,
        )
        if thread != MAIN:
            tx.run("INSERT INTO thread_events VALUES (?, ?, ?, ?, 0)", room, thread, at, total)
            tx.run(
                "INSERT INTO threads VALUES (?, ?, ?, ?, 0) ON CONFLICT (room_id, thread) DO UPDATE SET"
                " position = excluded.position, notify_total = excluded.notify_total",
                room,
                thread,
                at,
                total,
            )

    return work


def names(user: UserId, at: int, thread: str = MAIN) -> Work:
    """An event names somebody beyond what it adds to the totals."""
    event = Event(Position(at), EventId(f"${at}"), ROOM, "m.room.message", None, ANNA, 0, b"{}", thread)
    return lambda tx: notifications.add_own_count(tx, user, event, Totals(1, 1))


def reads(user: UserId, to: int, thread: str = UNTHREADED) -> Work:
    """Somebody reads up to a position."""

    def work(tx: Transaction) -> None:
        receipts.advance_mark(tx, user, ROOM, thread, Position(to), Position(99))

    return work


async def does(writer: Writer, *steps: Work) -> None:
    """Run steps one after the other."""

    def work(tx: Transaction) -> None:
        for step in steps:
            step(tx)

    await writer.run(work)


async def main_of(reader: Reader, user: UserId) -> list[tuple[int, int, int, int]]:
    """Base, notify, own notify and own highlight of the room's main timeline."""
    found = await reader.run(lambda at: notifications.room_counts(at, user, [ROOM]))
    return [(one.base, one.notify, one.own_notify, one.own_highlight) for one in found]


async def threads_of(reader: Reader, user: UserId) -> list[tuple[str, int, int, int]]:
    """Root, base, notify and own notify of each unread thread."""
    found = await reader.run(lambda at: notifications.thread_counts(at, user, [ROOM]))
    return sorted((one.thread, one.base, one.notify, one.own_notify) for one in found)


async def test_what_came_before_joining_is_not_counted(writer: Writer, reader: Reader) -> None:
    await does(writer, joins(ANNA, 1), says(2, 1), says(3, 2), joins(BORIS, 4), says(5, 3))
    assert await main_of(reader, BORIS) == [(4, 1, 0, 0)]
    assert await main_of(reader, CARLA) == [], "not a member"


async def test_an_empty_room_counts_nothing(writer: Writer, reader: Reader) -> None:
    await does(writer, joins(ANNA, 1))
    found = await reader.run(lambda at: notifications.room_counts(at, ANNA, [ROOM, OTHER]))
    assert found == [RoomCount(ROOM, "all", Position(1), 0, 0, 0, 0)]


async def test_the_later_of_both_marks_counts(writer: Writer, reader: Reader) -> None:
    await does(
        writer, joins(BORIS, 1), says(2, 1), says(3, 2), says(4, 3), says(5, 4), names(BORIS, 3), names(BORIS, 5)
    )
    assert await main_of(reader, BORIS) == [(1, 4, 2, 2)]
    await does(writer, reads(BORIS, 2))
    assert await main_of(reader, BORIS) == [(2, 3, 2, 2)]
    await does(writer, reads(BORIS, 4, MAIN))
    assert await main_of(reader, BORIS) == [(4, 1, 1, 1)]
    await does(writer, reads(BORIS, 3), reads(BORIS, 5, ROOT))
    assert await main_of(reader, BORIS) == [(4, 1, 1, 1)], "an earlier mark and one of a thread change nothing"
    await does(writer, reads(BORIS, 5))
    assert await main_of(reader, BORIS) == [(5, 0, 0, 0)]


async def test_a_thread_counts_behind_its_own_and_the_unthreaded_mark(writer: Writer, reader: Reader) -> None:
    await does(
        writer,
        says(1, 1, ROOT),
        joins(BORIS, 2),
        says(3, 2, ROOT),
        says(4, 3, ROOT),
        says(5, 1, "$b"),
        says(6, 4, ROOT),
    )
    await does(writer, names(BORIS, 4, ROOT))
    assert await threads_of(reader, BORIS) == [("$b", 2, 1, 0), (ROOT, 2, 3, 1)]
    await does(writer, reads(BORIS, 3, MAIN))
    assert await threads_of(reader, BORIS) == [("$b", 2, 1, 0), (ROOT, 2, 3, 1)], "the main timeline is apart"
    await does(writer, reads(BORIS, 3))
    assert await threads_of(reader, BORIS) == [("$b", 3, 1, 0), (ROOT, 3, 2, 1)]
    await does(writer, reads(BORIS, 4, ROOT))
    assert await threads_of(reader, BORIS) == [("$b", 3, 1, 0), (ROOT, 4, 1, 0)]
    await does(writer, reads(BORIS, 5))
    assert await threads_of(reader, BORIS) == [(ROOT, 5, 1, 0)], "a thread without news is left out"


async def test_counts_of_many_rooms_are_read_at_once(writer: Writer, reader: Reader) -> None:
    many = [RoomId(f"!{number:03}:x") for number in range(600)]
    await does(writer, *(joins(BORIS, 1, room) for room in many), says(2, 1, room=many[3]), says(3, 1, ROOT, many[-1]))
    found = await reader.run(lambda at: notifications.room_counts(at, BORIS, many))
    assert {one.room_id: one.notify for one in found if one.notify} == {many[3]: 1, many[-1]: 9}
    threads = await reader.run(lambda at: notifications.thread_counts(at, BORIS, many))
    assert threads == [ThreadCount(many[-1], ROOT, Position(1), 1, 0, 0, 0)]


async def test_unread_events_are_those_of_others_in_one_thread(writer: Writer, reader: Reader) -> None:
    await does(writer, says(1, 1), says(2, 2, sender=BORIS), says(3, 1, ROOT), says(4, 3), says(5, 2, ROOT), says(6, 4))
    for thread, after, most, expected in ((MAIN, 0, 9, [6, 4, 1]), (MAIN, 1, 1, [6]), (ROOT, 3, 9, [5])):
        ask = partial(
            notifications.unread_events, room=ROOM, thread=thread, after=Position(after), but_not=BORIS, most=most
        )
        found = await reader.run(ask)
        assert [event.position for event in found] == expected


async def test_events_are_walked_from_the_newest_or_from_the_oldest(writer: Writer, reader: Reader) -> None:
    await does(writer, joins(BORIS, 1), joins(BORIS, 4, OTHER), joins(BORIS, 1, RoomId("!muted:x")))
    await writer.run(lambda tx: notifications.set_class(tx, BORIS, RoomId("!muted:x"), "muted"))
    await does(writer, says(2, 1), says(3, 1, room=OTHER), says(5, 2, ROOT), says(6, 2, room=OTHER, sender=BORIS))
    await does(writer, says(7, 1, room=RoomId("!muted:x")), says(8, 3), says(9, 4))

    async def back(before: int, user: UserId = BORIS) -> list[int]:
        return await reader.run(lambda at: [one.position for one in walking.newest_first(at, user, Position(before))])

    async def on(after: int, until: int, limit: int = 9) -> list[int]:
        given = BORIS, Position(after), Position(until), limit
        return await reader.run(lambda at: [one.position for one in walking.oldest_first(at, *given)])

    assert await back(99) == [9, 8, 6, 5, 2]
    assert await back(8) == [6, 5, 2]
    assert await back(99, CARLA) == []
    assert await on(0, 99) == [2, 5, 8, 9]
    assert await on(2, 8) == [5, 8]
    assert await on(0, 99, 2) == [2, 5]
    assert await reader.run(lambda at: walking.end_of_stretch(at, Position(2), 4)) == await reader.run(
        lambda at: min(7, at.position)
    )


async def test_what_was_redacted_is_subtracted_behind_it_only(writer: Writer, reader: Reader) -> None:
    await does(writer, joins(BORIS, 1), says(2, 1), says(3, 2), says(4, 2), says(5, 1, ROOT), says(6, 2, ROOT))

    async def counts() -> tuple[int, list[int]]:
        [room] = await reader.run(lambda at: notifications.room_counts(at, BORIS, [ROOM]))
        threads = await reader.run(lambda at: notifications.thread_counts(at, BORIS, [ROOM]))
        return room.notify, [one.notify for one in threads]

    def event(at: int, thread: str = MAIN) -> Event:
        return Event(Position(at), EventId(f"${at}"), ROOM, "m.room.message", None, ANNA, 0, b"{}", thread)

    before = await counts()
    for one in (event(3), event(3), event(4), event(6, ROOT)):
        await writer.run(partial(notifications.uncount, event=one))
    assert await counts() == (before[0] - 1, [1])
    await does(writer, reads(BORIS, 3, MAIN), reads(BORIS, 6, ROOT))
    assert (await counts())[1] == []
    await writer.run(partial(notifications.uncount, event=event(2)))
    after = await counts()
    assert after[0] == before[0] - 2, "what was read is subtracted from nothing"


async def test_changes_of_rules_are_stored_whole(writer: Writer, reader: Reader) -> None:
    assert await reader.run(lambda at: notifications.find_changes(at, ANNA)) == (Changes(), 0)
    changes = Changes(
        Ruleset(content=(PushRule("lunch", ("notify", {"set_tweak": "sound", "value": "x"}), pattern="lunch"),)),
        {".m.rule.master": Alteration(enabled=True)},
    )
    for stored, position in ((Changes(), 4), (changes, 5)):
        put = partial(notifications.put_changes, user=ANNA, changes=stored, position=Position(position))
        await writer.run(put)
    assert await reader.run(lambda at: notifications.find_changes(at, ANNA)) == (changes, 5)
    assert await reader.run(lambda at: notifications.find_changes(at, BORIS)) == (Changes(), 0)


async def test_classes_are_listed_in_slices_of_joined_rooms(writer: Writer, reader: Reader) -> None:
    await does(writer, *(joins(ANNA, 1, RoomId(f"!{letter}:x")) for letter in "abc"), joins(BORIS, 1, RoomId("!a:x")))
    await writer.run(lambda tx: rooms.put_membership(tx, RoomId("!b:x"), ANNA, "leave", Position(2), None))
    await writer.run(lambda tx: notifications.set_class(tx, ANNA, RoomId("!c:x"), "muted"))
    first = await reader.run(lambda at: notifications.classes_of(at, ANNA, RoomId(""), 1))
    rest = await reader.run(lambda at: notifications.classes_of(at, ANNA, RoomId("!a:x"), 9))
    assert (first, rest) == ([ClassIn(RoomId("!a:x"), "all")], [ClassIn(RoomId("!c:x"), "muted")])
    found = await reader.run(lambda at: notifications.joined_among(at, RoomId("!a:x"), [ANNA, BORIS, CARLA]))
    assert sorted(found) == [(ANNA, "anna:x"), (BORIS, "boris:x")]
