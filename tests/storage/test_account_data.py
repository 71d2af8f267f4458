"""Account data and filters: stored, replaced, found since a position, never mixed up between people and rooms."""

from functools import partial

from veche.domain.ids import Position, RoomId, UserId
from veche.storage import account_data
from veche.storage.account_data import GLOBAL, IGNORED_USERS
from veche.storage.reader import Reader
from veche.storage.writer import Transaction, Writer

ROOM, OTHER = RoomId("!room:x"), RoomId("!other:x")
ANNA, BORIS = UserId("@anna:x"), UserId("@boris:x")


async def test_the_newest_content_is_found_by_owner_room_and_type(writer: Writer, reader: Reader) -> None:
    def work(tx: Transaction) -> None:
        account_data.put(tx, ANNA, GLOBAL, "a", b'{"n":1}', Position(1))
        account_data.put(tx, ANNA, GLOBAL, "a", b'{"n":2}', Position(2))
        account_data.put(tx, ANNA, ROOM, "a", b'{"n":3}', Position(3))
        account_data.put(tx, BORIS, GLOBAL, "a", b'{"n":4}', Position(4))

    await writer.run(work)
    assert await reader.run(lambda at: account_data.find(at, ANNA, GLOBAL, "a")) == {"n": 2}
    assert await reader.run(lambda at: account_data.find(at, ANNA, ROOM, "a")) == {"n": 3}
    assert await reader.run(lambda at: account_data.find_json(at, BORIS, GLOBAL, "a")) == b'{"n":4}'
    assert await reader.run(lambda at: account_data.find(at, BORIS, ROOM, "a")) is None


async def test_only_what_was_stored_since_is_news(writer: Writer, reader: Reader) -> None:
    def work(tx: Transaction) -> None:
        account_data.put(tx, ANNA, GLOBAL, "b", b"{}", Position(1))
        account_data.put(tx, ANNA, GLOBAL, "a", b"{}", Position(2))
        account_data.put(tx, ANNA, ROOM, "c", b"{}", Position(3))
        account_data.put(tx, ANNA, OTHER, "d", b"{}", Position(4))
        account_data.put(tx, BORIS, OTHER, "e", b"{}", Position(5))

    await writer.run(work)
    assert await reader.run(lambda at: account_data.of_user(at, ANNA, Position(0))) == [("a", b"{}"), ("b", b"{}")]
    assert await reader.run(lambda at: account_data.of_user(at, ANNA, Position(1))) == [("a", b"{}")]
    assert await reader.run(lambda at: account_data.rooms_with_news(at, ANNA, Position(0))) == {ROOM, OTHER}
    assert await reader.run(lambda at: account_data.rooms_with_news(at, ANNA, Position(3))) == {OTHER}
    both = [ROOM, OTHER]
    found = await reader.run(lambda at: account_data.of_rooms(at, ANNA, both, Position(0)))
    assert sorted(found) == [(OTHER, "d", b"{}"), (ROOM, "c", b"{}")]
    assert await reader.run(lambda at: account_data.of_rooms(at, ANNA, both, Position(3))) == [(OTHER, "d", b"{}")]


async def test_ignored_people_are_those_of_a_well_formed_list(writer: Writer, reader: Reader) -> None:
    assert await reader.run(lambda at: account_data.ignored_by(at, ANNA)) == frozenset()
    nobody: frozenset[UserId] = frozenset()
    for stored, ignored in (
        (b'{"ignored_users":{"@boris:x":{}}}', frozenset({BORIS})),
        (b'{"ignored_users":["@boris:x"]}', nobody),
        (b"{}", nobody),
    ):
        put = partial(
            account_data.put, user=ANNA, room=GLOBAL, kind=IGNORED_USERS, content=stored, position=Position(1)
        )
        await writer.run(put)
        assert await reader.run(lambda at: account_data.ignored_by(at, ANNA)) == ignored


async def test_a_filter_is_kept_by_its_owner(writer: Writer, reader: Reader) -> None:
    def work(tx: Transaction) -> None:
        account_data.add_filter(tx, ANNA, "f", b'{"room":{}}')
        account_data.add_filter(tx, ANNA, "f", b"{}")

    await writer.run(work)
    assert await reader.run(lambda at: account_data.find_filter(at, ANNA, "f")) == b'{"room":{}}'
    assert await reader.run(lambda at: account_data.find_filter(at, BORIS, "f")) is None
