"""People: finding them by name, and the rooms that one shares with somebody."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec

from veche.domain.directory.people import Keys, Term, fitting, term_of
from veche.domain.directory.summaries import OPENNESS, is_open
from veche.domain.ids import RoomId, UserId, is_user_id
from veche.domain.refusals import Refused, invalid_param
from veche.domain.sessions import Asker
from veche.queries.context import ReadContext
from veche.queries.directory.summaries import faces_of
from veche.storage import directory, profiles, rooms
from veche.storage.reader import Snapshot

MOST_EXAMINED = 2_000
"""The closest so many people who fit are looked at; a search that fits more is answered with ``limited``."""
EXAMINED_AT_ONCE = 64
CLOSE_PEOPLE = 30
"""A room with more members than this says nothing about how near two of them are."""
MUTUAL_AT_ONCE = 100

Found = tuple[list[dict[str, Any]], bool]


class Mutual(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page of the rooms that two people share, and how many there are in all."""

    joined: list[RoomId]
    count: int
    next_batch: str | None = None


async def people_named(ctx: ReadContext, asker: Asker, text: str, limit: int) -> Found:
    """Return people whose name or id fits ``text``, the closest first, and whether there are more.

    They are all people of the server, or those who share a room with the asker or are in one that is open to all,
    as ``people_directory`` is set (section User directory).
    """
    term = term_of(text, ctx.limits.server_name)
    everybody = ctx.live.people.all()
    return await ctx.reader.run(lambda at: _people(at, ctx, asker, everybody, term, limit))


async def mutual_rooms(ctx: ReadContext, asker: Asker, other: UserId, token: str) -> Mutual:
    """Return a page of the rooms that the asker and somebody else are joined to; none for whoever does not exist.

    Raises 400 for oneself, for what cannot be a user id, and for a token that is none (``GET /mutual_rooms``).
    """
    if other == asker.user or not is_user_id(other):
        raise Refused(invalid_param("user_id must be the id of somebody else", "user_id"))
    if token and not token.startswith("!"):
        raise Refused(invalid_param("from is not a token of this server", "from"))
    found = await ctx.reader.run(lambda at: directory.mutual_rooms(at, asker.user, other))
    ahead = [room for room in found if room > token]
    page = ahead[:MUTUAL_AT_ONCE]
    return Mutual(page, len(found), page[-1] if len(ahead) > len(page) else None)


def _people(
    at: Snapshot, ctx: ReadContext, asker: Asker, everybody: list[Keys], term: Term | None, limit: int
) -> Found:
    fit = fitting(term, everybody) if term is not None else {}
    if not fit:
        return [], False
    ranked = _ranked(at, asker.user, fit)
    if ctx.limits.people_directory == "shared":
        found = list(islice(_Acquaintance(at, asker.user).among(islice(ranked, MOST_EXAMINED)), limit + 1))
        is_cut = len(found) > limit or sum(map(len, fit.values())) > MOST_EXAMINED
    else:
        found = list(islice(ranked, limit + 1))
        is_cut = len(found) > limit
    return _cards(at, found[:limit]), is_cut


def _ranked(at: Snapshot, user: UserId, fit: dict[int, list[Keys]]) -> Iterator[UserId]:
    """Yield all who fit but oneself: by closeness, then those who share a conversation of two, then by small rooms
    shared, then by name; whoever has none comes last. What is not asked for is not sorted.
    """
    alone, shared = _nearness(at, user)
    for close in sorted(fit):
        order = sorted(
            (keys.user not in alone, -shared.get(keys.user, 0), not keys.name, keys.name, keys.user)
            for keys in fit[close]
            if keys.user != user
        )
        yield from (one[-1] for one in order)


def _nearness(at: Snapshot, user: UserId) -> tuple[set[UserId], Counter[UserId]]:
    """Return with whom somebody is alone in a room, and how many small rooms they share with whom."""
    members = directory.close_rooms(at, user, CLOSE_PEOPLE).values()
    alone = {member for them in members if len(them) == 2 for member in them}
    return alone, Counter(member for them in members for member in them)


class _Acquaintance:
    """Whom somebody may know of: those in their own rooms, and those in rooms that everybody may join or read."""

    def __init__(self, at: Snapshot, user: UserId) -> None:
        self._at = at
        self._own = {one.room_id for one in rooms.memberships_of(at, user, "join")}
        self._open: dict[RoomId, bool] = {}

    def among(self, ranked: Iterator[UserId]) -> Iterator[UserId]:
        """Yield those whom the person may know of, reading no more than is asked for."""
        while some := list(islice(ranked, EXAMINED_AT_ONCE)):
            known = self._known(some)
            yield from (user for user in some if user in known)

    def _known(self, some: list[UserId]) -> set[UserId]:
        stays = directory.rooms_of(self._at, some)
        known = {user for user, room in stays if room in self._own}
        elsewhere = [(user, room) for user, room in stays if user not in known]
        self._learn({room for _, room in elsewhere} - self._open.keys())
        return known | {user for user, room in elsewhere if self._open[room]}

    def _learn(self, new: set[RoomId]) -> None:
        faces = faces_of(self._at, new, OPENNESS)
        self._open.update((room, is_open(face)) for room, face in faces.items())


def _cards(at: Snapshot, users: list[UserId]) -> list[dict[str, Any]]:
    names = profiles.names_of(at, users)
    cards = []
    for user in users:
        fields = names.get(user, {})
        shown = {"display_name": fields.get("displayname"), "avatar_url": fields.get("avatar_url")}
        cards.append({"user_id": user, **{name: value for name, value in shown.items() if value is not None}})
    return cards
