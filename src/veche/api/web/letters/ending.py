"""The page that ends letters about what is unread: it asks first, unless a mail program has done so (RFC 8058)."""

import msgspec

from veche.api.http.contract import Door, Endpoint, Reply, RequestFacts
from veche.api.web.languages import Language, chosen_language
from veche.api.web.letters.showing import end_page, ended_page, gone_page
from veche.api.web.pages import reply_with
from veche.api.web.pages.refusals import refusal_page
from veche.commands.notifications.digests import end_digests
from veche.domain.refusals import Refused
from veche.domain.sessions import Asker
from veche.queries.notifications.digests import ending


class EndPage(msgspec.Struct, frozen=True):
    """``GET /unsubscribe/{token}``."""

    token: str
    request: RequestFacts
    lang: str | None = None


class EndForm(msgspec.Struct, frozen=True):
    """``POST /unsubscribe/{token}``: the button, or what a mail program sends for it."""

    token: str
    request: RequestFacts
    body: bytes
    lang: str | None = None


async def ask(door: Door, asker: Asker, request: EndPage) -> Reply:
    """Ask whether letters shall end."""
    language = _language(door, request)
    try:
        _, address = await ending(door.queries, request.token)
    except Refused as refused:
        return reply_with(gone_page(language), refused.refusal.status)
    return reply_with(end_page(address, language))


async def end(door: Door, asker: Asker, request: EndForm) -> Reply:
    """End the letters."""
    language = _language(door, request)
    try:
        _, address = await ending(door.queries, request.token)
    except Refused as refused:
        return reply_with(gone_page(language), refused.refusal.status)
    await end_digests(door.commands, request.token)
    return reply_with(ended_page(address, language))


def _language(door: Door, request: EndPage | EndForm) -> Language:
    accepted = request.request.header(b"accept-language")
    return chosen_language(request.lang, accepted, door.queries.limits.mail_language)


_PATH = "/unsubscribe/{token}"

ENDPOINTS = (
    Endpoint("GET", _PATH, "public", "read", EndPage, Reply, ask, hides_path=True, refusal_page=refusal_page),
    Endpoint("POST", _PATH, "public", "sign in", EndForm, Reply, end, hides_path=True, refusal_page=refusal_page),
)
