"""Short links as people open them: with a token the file itself, in a browser a form to sign in for one download."""

import msgspec

from veche.api.http.contract import Door, Endpoint, Reply, RequestFacts, StreamedReply
from veche.api.http.door import MISSING_TOKEN
from veche.api.matrix.media.serving import file_reply
from veche.api.web.media.page import link_page
from veche.api.web.media.texts import Trouble
from veche.api.web.pages import reply_with
from veche.api.web.pages.forms import fields_of, page_language
from veche.api.web.pages.refusals import refusal_page
from veche.commands import sessions as commands
from veche.domain.refusals import Refusal, Refused
from veche.domain.sessions import Asker
from veche.domain.settings import Language
from veche.queries import media as queries
from veche.queries import sessions

_BY_CODE: dict[str, Trouble] = {
    "M_FORBIDDEN": "wrong",
    "M_LIMIT_EXCEEDED": "too_many",
    "M_USER_LOCKED": "locked",
    "ORG.VECHE.PASSWORD_TOO_OLD": "too_old",
    "M_NOT_FOUND": "none",
}


class OpenLink(msgspec.Struct, frozen=True):
    """``GET /f/{short}``."""

    short: str
    request: RequestFacts
    lang: str | None = None


class SignInToLink(msgspec.Struct, frozen=True):
    """``POST /f/{short}``: the body is a form."""

    short: str
    body: bytes
    request: RequestFacts
    lang: str | None = None


async def open_link(door: Door, asker: Asker, wish: OpenLink) -> Reply | StreamedReply:
    """Serve the file to whoever may read it, a form to browsers without a token; others are refused with 401."""
    facts = wish.request
    if asker.user:
        return await file_reply(door, asker, facts, await queries.linked_file(door.queries, asker, wish.short))
    if facts.token is not None:
        await sessions.identify(door.queries, facts.token, facts.origin)  # says what is wrong with it
    if not facts.wants_page():
        raise Refused(MISSING_TOKEN)
    return reply_with(link_page(page_language(door, wish)))


async def sign_in_to_link(door: Door, asker: Asker, wish: SignInToLink) -> Reply | StreamedReply:
    """Serve the file, to be saved, to whoever names somebody who may read it and knows their password.

    No session is made. Tries are counted as those of signing in are.
    """
    facts, form = wish.request, fields_of(wish.body, ("name", "password"))
    name = form["name"]
    try:
        person = await commands.prove_password(door.commands, name, form["password"], facts.origin())
        file = await queries.linked_file(door.queries, person, wish.short)
        return await file_reply(door, person, msgspec.structs.replace(facts, headers=[]), file, saves=True)
    except Refused as refused:
        return _trouble(page_language(door, wish), refused.refusal, name)


def _trouble(language: Language, refusal: Refusal, name: str) -> Reply:
    """Show the form again, and what was wrong."""
    page = reply_with(link_page(language, _BY_CODE.get(refusal.code, "failed"), name), refusal.status)
    wait_ms = (refusal.extra or {}).get("retry_after_ms")
    if wait_ms is None:
        return page
    return msgspec.structs.replace(page, headers=(*page.headers, (b"retry-after", b"%d" % -(-wait_ms // 1000))))


_PATH = "/f/{short}"

ENDPOINTS = (
    Endpoint(
        "GET",
        _PATH,
        "public",
        "read",
        OpenLink,
        StreamedReply,
        open_link,
        hides_path=True,
        refusal_page=refusal_page,
    ),
    Endpoint(
        "POST",
        _PATH,
        "public",
        "sign in",
        SignInToLink,
        StreamedReply,
        sign_in_to_link,
        hides_path=True,
        refusal_page=refusal_page,
    ),
)
