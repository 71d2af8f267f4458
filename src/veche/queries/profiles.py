"""Profiles: what people of this server show of themselves."""

from typing import Any

from veche.domain.ids import UserId, is_user_id
from veche.domain.refusals import Refused, forbidden, not_found
from veche.domain.sessions import Asker
from veche.queries.context import ReadContext
from veche.storage import accounts, profiles
from veche.storage.reader import Snapshot

_STRANGER = forbidden("Profiles are shown only to people of this server; please sign in.")
_NO_PERSON = not_found("There is no such person here.")
_NO_FIELD = not_found("The profile has no such field.")


async def profile(ctx: ReadContext, asker: Asker, user: UserId) -> dict[str, Any]:
    """Return all fields of somebody's profile; 404 where there is no such person, 403 for whoever is not signed in."""
    if not asker.user:
        raise Refused(_STRANGER)
    return await ctx.reader.run(lambda at: _fields(at, user))


async def field(ctx: ReadContext, asker: Asker, user: UserId, key: str) -> dict[str, Any]:
    """Return one field, under its own name; 404 where it is not set."""
    fields = await profile(ctx, asker, user)
    if key not in fields:
        raise Refused(_NO_FIELD)
    return {key: fields[key]}


def _fields(at: Snapshot, user: UserId) -> dict[str, Any]:
    if not is_user_id(user) or accounts.find(at, user) is None:
        raise Refused(_NO_PERSON)
    return profiles.fields(at, user)
