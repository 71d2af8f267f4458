"""The columns of a table of people: what they may be called, in Russian, French and English, and what parts them."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from veche.domain.sessions import Role

NAME, FULL_NAME, ROLE, PASSWORD, ROOMS, MAIL = "user name", "full name", "role", "password", "rooms", "e-mail"

SEPARATORS: Final = (",", ";", "\t")

_CALLED: Final[dict[str, tuple[str, ...]]] = {
    NAME: (
        *("user name", "username", "user", "login", "user id", "account"),
        *("имя пользователя", "пользователь", "логин", "учетная запись"),
        *("nom d'utilisateur", "utilisateur", "identifiant", "compte"),
    ),
    FULL_NAME: (
        *("full name", "name", "display name", "displayname"),
        *("фио", "ф.и.о.", "полное имя", "имя", "фамилия имя отчество", "фамилия, имя, отчество"),
        *("nom complet", "nom", "nom et prenom", "prenom et nom", "nom affiche"),
    ),
    ROLE: ("role", "роль"),
    PASSWORD: ("password", "пароль", "mot de passe"),
    ROOMS: ("rooms", "room", "комнаты", "комната", "salons", "salon"),
    MAIL: (
        *("e mail", "email", "mail", "email address", "e mail address"),
        *("почта", "эл. почта", "электронная почта", "адрес электронной почты"),
        *("courriel", "adresse e mail", "adresse electronique", "adresse courriel"),
    ),
}
_COLUMNS: Final = {called: column for column, names in _CALLED.items() for called in names}
_ROLES: Final[dict[str, Role]] = {
    **dict.fromkeys(("", "user", "member", "пользователь", "сотрудник", "utilisateur", "membre"), "user"),
    **dict.fromkeys(("administrator", "admin", "администратор", "админ", "administrateur"), "administrator"),
}


def column_called(header: str) -> str | None:
    """Return the column that a header's cell means, or None."""
    return _COLUMNS.get(_plain(header))


def role_called(text: str) -> Role | None:
    """Return the role that a cell means, or None; an empty one means an ordinary user."""
    return _ROLES.get(_plain(text))


def separator_of(header: str) -> str:
    """Return what parts the cells: that by which most columns of the header make sense, then that which is there."""
    return max(SEPARATORS, key=lambda mark: (_known(header.split(mark)), header.count(mark)))


def _known(cells: Sequence[str]) -> int:
    return sum(1 for cell in cells if column_called(cell.strip(' "')) is not None)


def _plain(text: str) -> str:
    """Compare names however they are spelt: capitals, accents, ё, hyphens and kinds of apostrophes aside."""
    kept = unicodedata.normalize("NFC", text.lower()).replace("й", "\x00")  # no accent: a letter of its own
    apart = unicodedata.normalize("NFKD", kept)
    bare = "".join(letter for letter in apart if not unicodedata.combining(letter)).replace("\x00", "й")
    return re.sub(r"[\s_-]+", " ", bare.replace("’", "'").strip(" *:"))
