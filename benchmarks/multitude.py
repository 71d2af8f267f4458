"""Makes thousands of people of a few while no server runs: same names, in the same rooms, none of whom can sign in."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.history import Database, opened

_ACCOUNTS = (
    "INSERT INTO accounts (user_id, role, created_ts) SELECT '@{number}x' || SUBSTR(user_id, 2), role, created_ts"
    " FROM accounts WHERE user_id LIKE '@p%'"
)
_NAMES = (
    "INSERT INTO profile_fields (user_id, name, value) SELECT '@{number}x' || SUBSTR(user_id, 2), name, value"
    " FROM profile_fields WHERE user_id LIKE '@p%'"
)
_MEMBERSHIPS = (
    "INSERT INTO memberships (room_id, user_id, membership, position, since_position, forgotten, display_name, class)"
    " SELECT room_id, '@{number}x' || SUBSTR(user_id, 2), membership, position, since_position, forgotten,"
    " display_name, class FROM memberships WHERE user_id LIKE '@p%' AND room_id IN ('{rooms}')"
)


def multiply_people(data: Path, address: str, copies: int, common: Sequence[str], others: Sequence[str]) -> None:
    """Leaves that many copies of everybody: all of them in the `common` rooms, and each copy in one of the `others`."""
    with opened(data, address) as database:
        for number in range(copies):
            rooms = (*common, others[number % len(others)]) if others else common
            _copy(database, number, rooms)


def _copy(database: Database, number: int, rooms: Sequence[str]) -> None:
    for statement in (_ACCOUNTS, _NAMES, _MEMBERSHIPS):
        database.execute(statement.format(number=number, rooms="','".join(rooms)))
