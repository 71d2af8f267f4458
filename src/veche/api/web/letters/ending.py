"""The page that ends letters about what is unread: it asks first, unless a mail program has done so (RFC 8058)."""

from collections.abc import Callable

from veche.api.http.contract import Door, Endpoint, Reply
from veche.api.web.letters.showing import end_page, ended_page, gone_page
from veche.api.web.pages import Page, reply_with
from veche.api.web.pages.forms import LinkForm, LinkPage, page_language
from veche.api.web.pages.refusals import refusal_page
from veche.commands.notifications.digests import end_digests
from veche.domain.refusals import Refused
from veche.domain.sessions import Asker
from veche.domain.settings import Language
from veche.queries.notifications.digests import ended_address


async def ask(door: Door, asker: Asker, request: LinkPage) -> Reply:
    """Ask whether letters shall end."""
    return await _about(door, request, end_page)


async def end(door: Door, asker: Asker, request: LinkForm) -> Reply:
    """End the letters."""
    reply = await _about(door, request, ended_page)
    await end_digests(door.commands, request.token)
    return reply


async def _about(door: Door, request: LinkPage | LinkForm, page: Callable[[str, Language], Page]) -> Reply:
    """Return a page about the letters that a link ends, or what is said of one that nobody was sent."""
    language = page_language(door, request)
    try:
        return reply_with(page(await ended_address(door.queries, request.token), language))
    except Refused as refused:
        return reply_with(gone_page(language), refused.refusal.status)


_PATH = "/unsubscribe/{token}"

ENDPOINTS = (
    Endpoint("GET", _PATH, "public", "read", LinkPage, Reply, ask, hides_path=True, refusal_page=refusal_page),
    Endpoint("POST", _PATH, "public", "sign in", LinkForm, Reply, end, hides_path=True, refusal_page=refusal_page),
)
