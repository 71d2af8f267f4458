"""Presence: what is kept of people, each part by itself."""

from veche.domain.ids import UserId
from veche.domain.presence import NOTHING_SAID, Known, Said
from veche.storage import accounts, presence
from veche.storage.accounts import Account
from veche.storage.reader import Reader
from veche.storage.writer import Transaction, Writer

ANNA, BORIS, CARLA = UserId("@anna:x"), UserId("@boris:x"), UserId("@carla:x")


def people(tx: Transaction) -> None:
    """Accounts for all, of whom Carla has closed hers."""
    for user in (ANNA, BORIS, CARLA):
        accounts.add(tx, Account(user, None, "user", 1))
    accounts.deactivate(tx, CARLA, 2)


async def test_words_and_activity_are_kept_apart(writer: Writer, reader: Reader) -> None:
    def work(tx: Transaction) -> None:
        people(tx)
        presence.put_said(tx, ANNA, Said("lunch", 5, 2**53 - 1))
        presence.put_active(tx, ANNA, 7)
        presence.put_active(tx, BORIS, 8)
        presence.put_active(tx, BORIS, 9)
        presence.put_active(tx, CARLA, 10)

    await writer.run(work)
    found = await reader.run(presence.everybody)
    assert sorted(found, key=lambda one: one.user) == [
        Known(ANNA, Said("lunch", 5, 2**53 - 1), 7),
        Known(BORIS, NOTHING_SAID, 9),
    ]
    await writer.run(lambda tx: presence.put_said(tx, ANNA, NOTHING_SAID))
    assert await reader.run(lambda at: presence.said_by(at, ANNA)) == NOTHING_SAID
    assert Known(ANNA, NOTHING_SAID, 7) in await reader.run(presence.everybody)
    assert await reader.run(lambda at: presence.said_by(at, CARLA)) == NOTHING_SAID


async def test_erasing_an_account_erases_this_too(writer: Writer, reader: Reader) -> None:
    def work(tx: Transaction) -> None:
        people(tx)
        presence.put_said(tx, ANNA, Said("lunch"))
        presence.put_said(tx, BORIS, Said("dinner"))
        while accounts.erase(tx, ANNA, 500):
            continue

    await writer.run(work)
    assert await reader.run(presence.everybody) == [Known(BORIS, Said("dinner"), None)]
