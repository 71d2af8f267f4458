"""Short links: their texts, and who may make, see and end one. A link opens nothing to whom the file is not open."""

import re

import msgspec

from veche.domain.ids import UserId
from veche.domain.media.records import MediaId
from veche.domain.moderation import may_take_part
from veche.domain.refusals import Refusal, forbidden, not_found
from veche.domain.sessions import Asker

RANDOM_BYTES = 16
LENGTH = 10
_LETTERS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
"""Without 0, O, I and l: a link may be read aloud and typed."""
_SHORT = re.compile(rf"[{_LETTERS}]{{{LENGTH}}}\Z")

NO_LINK = not_found("There is no such link.")


class Link(msgspec.Struct, frozen=True):
    """A short link to a file; ``file_name`` is the file's."""

    short: str
    media_id: MediaId
    creator: UserId
    created_ts: int
    file_name: str | None = None


def short_text(chance: bytes) -> str:
    """Return the text of a new link, made of 16 random bytes: 58 bits of them."""
    number, letters = int.from_bytes(chance), []
    for _ in range(LENGTH):
        number, at = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[at])
    return "".join(letters)


def is_short(text: str) -> bool:
    """Say whether ``text`` may be a short link's."""
    return bool(_SHORT.match(text))


def may_revoke(link: Link | None, asker: Asker) -> Refusal | None:
    """Say whether somebody may end a link: its creator and the server's administrators; nobody else learns of it."""
    if link is None or not (asker.user == link.creator or asker.role == "administrator"):
        return NO_LINK
    return None if asker.user == link.creator else may_take_part(asker)


def may_list(asker: Asker, owner: UserId | None) -> Refusal | None:
    """Say whether somebody may list files or links: their own; administrators those of everybody."""
    if asker.role == "administrator" or owner == asker.user:
        return None
    return forbidden("Only an administrator may see those of other people.")
