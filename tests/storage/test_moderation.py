"""Restrictions, acts and the history of signing in as rows, on both engines."""

from typing import cast

import pytest

from veche.domain.accounts.passwords import MOST_TRIES
from veche.domain.ids import DeviceId, UserId
from veche.domain.moderation import FOR_EVER, Restriction, Standing
from veche.domain.sessions import Origin, Role
from veche.storage import accounts, devices, moderation, operation, sessions
from veche.storage.accounts import Account, passwords
from veche.storage.accounts.passwords import ResetCode
from veche.storage.reader import Reader
from veche.storage.sessions import history
from veche.storage.writer import Transaction, Writer

ANNA, BORIS = UserId("@anna:x"), UserId("@boris:x")
ELENA = UserId("@elena:x")
THERE = Origin("10.0.0.1", 5, "Test/1.0")


async def people(writer: Writer, **roles: Role) -> None:
    """Give people accounts."""

    def work(tx: Transaction) -> None:
        for name, role in roles.items():
            accounts.add(tx, Account(UserId(f"@{name}:x"), None, role, 0))

    await writer.run(work)


async def test_one_restriction_of_each_kind_is_kept(writer: Writer, reader: Reader) -> None:
    first = Restriction(ANNA, "lock", 1, FOR_EVER, ELENA, "first")
    second = Restriction(ANNA, "lock", 2, 100, UserId(""), "second")
    other = Restriction(ANNA, "suspension", 3, 50, ELENA, "other")

    def work(tx: Transaction) -> None:
        for restriction in (first, second, other):
            moderation.put(tx, restriction)

    await writer.run(work)
    assert await reader.run(lambda at: moderation.all_of(at, ANNA)) == [second, other]
    assert await reader.run(lambda at: moderation.all_of(at, BORIS)) == []
    held = await reader.run(lambda at: [moderation.is_locked(at, ANNA, now) for now in (99, 100)])
    assert held == [True, False]
    await writer.run(lambda tx: moderation.lift(tx, ANNA, "lock"))
    assert await reader.run(moderation.everything) == [other]


@pytest.mark.parametrize(
    ("roles", "locked_until", "is_last"),
    [
        ({"anna": "administrator"}, 0, True),
        ({"anna": "user"}, 0, False),
        ({"anna": "administrator", "boris": "user"}, 0, True),
        ({"anna": "administrator", "boris": "administrator"}, 0, False),
        ({"anna": "administrator", "boris": "administrator"}, 11, True),
        ({"anna": "administrator", "boris": "administrator"}, 10, False),
    ],
)
async def test_who_is_the_last_administrator(
    writer: Writer, reader: Reader, roles: dict[str, Role], locked_until: int, is_last: bool
) -> None:
    await people(writer, **roles)
    lock = Restriction(BORIS, "lock", 0, locked_until, ELENA, "")
    await writer.run(lambda tx: moderation.put(tx, lock))
    target = await reader.run(lambda at: moderation.target(at, ANNA, roles["anna"], 10))
    assert target.is_last is is_last


async def test_whoever_is_suspended_is_no_other_administrator(writer: Writer, reader: Reader) -> None:
    await people(writer, anna="administrator", boris="administrator")
    await writer.run(lambda tx: moderation.put(tx, Restriction(BORIS, "suspension", 0, 11, ELENA, "")))
    last = await reader.run(lambda at: [moderation.target(at, ANNA, "administrator", now) for now in (10, 11)])
    assert [one.is_last for one in last] == [True, False]


async def test_how_it_is_with_an_account(writer: Writer, reader: Reader) -> None:
    await people(writer, anna="administrator", boris="user")

    def work(tx: Transaction) -> None:
        moderation.put(tx, Restriction(ANNA, "lock", 0, 10, ELENA, ""))
        moderation.put(tx, Restriction(ANNA, "suspension", 0, 20, ELENA, ""))
        accounts.deactivate(tx, BORIS, 1)

    await writer.run(work)
    found = await reader.run(
        lambda at: [moderation.standing(at, user, now) for user, now in ((ANNA, 9), (ANNA, 10), (BORIS, 9), (ELENA, 9))]
    )
    assert found == [
        Standing("administrator", True, True, True),
        Standing("administrator", True, False, True),
        Standing("user", False, False, False),
        None,
    ]


async def test_a_closed_account_is_no_administrator_any_more(writer: Writer, reader: Reader) -> None:
    await people(writer, anna="administrator", boris="administrator")
    await writer.run(lambda tx: accounts.deactivate(tx, BORIS, 1))
    assert (await reader.run(lambda at: moderation.target(at, ANNA, "administrator", 10))).is_last


async def test_a_token_tells_how_its_owner_is_restricted(writer: Writer, reader: Reader) -> None:
    await people(writer, anna="user")
    device = DeviceId("PHONE")

    def work(tx: Transaction) -> None:
        sessions.add_access(tx, b"1", ANNA, device, None, b"2")
        sessions.add_refresh(tx, b"2", ANNA, device)

    await writer.run(work)

    async def restricted() -> tuple[int, int, int]:
        access = await reader.run(lambda at: sessions.find_access(at, b"1"))
        refresh = await reader.run(lambda at: sessions.find_refresh(at, b"2"))
        assert access is not None
        assert refresh is not None
        return access.locked_until, access.suspended_until, refresh.locked_until

    assert await restricted() == (0, 0, 0)
    await writer.run(lambda tx: moderation.put(tx, Restriction(ANNA, "suspension", 0, FOR_EVER, ELENA, "")))
    assert await restricted() == (0, FOR_EVER, 0)
    await writer.run(lambda tx: moderation.put(tx, Restriction(ANNA, "lock", 0, 77, ELENA, "")))
    assert await restricted() == (77, FOR_EVER, 77)


async def test_acts_are_numbered_in_order(writer: Writer, reader: Reader) -> None:
    def work(tx: Transaction) -> None:
        for what in ("lock", "unlock", "set role"):
            operation.add_act(tx, 5, ELENA if what != "unlock" else UserId(""), what, ANNA, "why", {"é": [1]})

    await writer.run(work)
    found = await reader.run(lambda at: operation.acts(at, 3, 10))
    assert [(act.number, act.what, act.by) for act in found] == [(2, "unlock", None), (1, "lock", ELENA)]
    assert found[1].details == {"é": [1]}


async def test_history_is_numbered_for_each_person(writer: Writer, reader: Reader) -> None:
    def work(tx: Transaction) -> None:
        for number, user in enumerate((ANNA, BORIS, ANNA)):
            history.add(tx, user, number, "password", "success", THERE)
        for ts in (1, 2, history.DAY_MS):
            history.count_stranger(tx, "10.0.0.9", ts)

    await writer.run(work)
    assert [(one.number, one.ts) for one in await reader.run(lambda at: history.of(at, ANNA, 9, 9))] == [(2, 2), (1, 0)]
    counted = await reader.run(lambda at: history.strangers(at, 9))
    assert [(one.day, one.failures, one.last_ts) for one in counted] == [(1, 1, history.DAY_MS), (0, 2, 2)]
    pruned = [await writer.run(lambda tx: history.prune(tx, 2, 1)) for _ in range(3)]
    assert pruned == [True, True, False]
    assert [one.ts for one in await reader.run(lambda at: history.of(at, ANNA, 9, 9))] == [2]


async def test_a_code_is_counted_before_it_is_compared(writer: Writer, reader: Reader) -> None:
    await writer.run(lambda tx: passwords.put_code(tx, ANNA, ResetCode("hash", 100, MOST_TRIES - 2)))
    tries = [await writer.run(lambda tx: passwords.try_code(tx, ANNA, 99)) for _ in range(3)]
    assert [one.tries if one else None for one in tries] == [MOST_TRIES - 1, MOST_TRIES, None]
    await writer.run(lambda tx: passwords.put_code(tx, ANNA, ResetCode("other", 100, 0)))
    assert await writer.run(lambda tx: passwords.try_code(tx, ANNA, 100)) is None
    assert await writer.run(lambda tx: passwords.try_code(tx, BORIS, 0)) is None
    await writer.run(lambda tx: passwords.delete_codes_before(tx, 101))
    assert await reader.run(lambda at: passwords.find_code(at, ANNA)) is None


async def test_a_device_keeps_its_last_origin_where_none_is_known(writer: Writer, reader: Reader) -> None:
    device = DeviceId("PHONE")

    def work(tx: Transaction) -> None:
        devices.add(tx, ANNA, device, "Phone", 1)
        devices.seen(tx, ANNA, device, 2, THERE)
        devices.seen(tx, ANNA, device, 3, None)
        devices.seen(tx, ANNA, device, 4, Origin())

    await writer.run(work)
    (use,) = await reader.run(lambda at: devices.uses_of(at, ANNA))
    assert (use.last_seen_ts, use.last_seen_ip, use.last_seen_port, use.client) == (4, "10.0.0.1", 5, "Test/1.0")


async def test_the_eldest_administrator_is_one_who_can_act(writer: Writer, reader: Reader) -> None:
    assert await reader.run(lambda at: moderation.eldest_administrator(at, 9)) is None

    def work(tx: Transaction) -> None:
        for number, (name, role) in enumerate(
            [("elena", "user"), ("boris", "administrator"), ("anna", "administrator")]
        ):
            accounts.add(tx, Account(UserId(f"@{name}:x"), None, cast(Role, role), number))
        moderation.put(tx, Restriction(BORIS, "suspension", 0, 10, ELENA, ""))

    await writer.run(work)
    assert await reader.run(lambda at: moderation.eldest_administrator(at, 9)) == ANNA
    assert await reader.run(lambda at: moderation.eldest_administrator(at, 10)) == BORIS
    await writer.run(lambda tx: accounts.deactivate(tx, BORIS, 1))
    assert await reader.run(lambda at: moderation.eldest_administrator(at, 10)) == ANNA
