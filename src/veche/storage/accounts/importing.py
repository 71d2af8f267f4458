"""What is known already about people who are to be imported."""

from collections.abc import Iterable

from veche.domain.accounts.importing import Known, Standing
from veche.domain.ids import UserId, is_user_id
from veche.storage import accounts, directory, profiles
from veche.storage.rows import Rows


def known_of(rows: Rows, user: UserId, rooms: Iterable[str]) -> Known:
    """Return the account of that name, if there is one, and where the names of the rooms lead."""
    return Known(_standing(rows, user), {name: directory.room_named(rows, name) for name in rooms})


def _standing(rows: Rows, user: UserId) -> Standing | None:
    account = accounts.find(rows, user) if is_user_id(user) else None
    if account is None:
        return None
    name = profiles.names_of(rows, [user]).get(user, {}).get("displayname", "")
    return Standing(account.role, name, account.deactivated_ts is not None)
