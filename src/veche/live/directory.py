"""Everybody's names in memory, ready to be searched. Who may see whom is asked of the database."""

from collections.abc import Iterable

from veche.domain.directory.people import Keys, keys_of
from veche.domain.ids import UserId


class People:
    """Under which texts each person of this server is found; follows the commits that name, make and close accounts."""

    def __init__(self, everybody: Iterable[tuple[UserId, str | None]] = ()) -> None:
        self._people = {user: keys_of(user, name) for user, name in everybody}

    def put(self, user: UserId, name: str | None) -> None:
        """Let somebody be found under a display name, or under their user id alone."""
        self._people[user] = keys_of(user, name)

    def remove(self, user: UserId) -> None:
        """Let somebody be found no more."""
        self._people.pop(user, None)

    def all(self) -> list[Keys]:
        """Return everybody as they are now; other threads may read that."""
        return list(self._people.values())
