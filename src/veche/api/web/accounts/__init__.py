"""The page that makes the first administrator, behind the one-use link that the server prints at its first start."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from veche.api.http.contract import Door, Endpoint, Reply, RequestFacts
from veche.api.web.accounts.showing import Begun, Fault, Form, begun_page, form_page, gone_page
from veche.api.web.pages import reply_with
from veche.api.web.pages.forms import LinkForm, LinkPage, fields_of, page_language
from veche.api.web.pages.refusals import refusal_page
from veche.commands import accounts as commands
from veche.domain.accounts.first import FAULTS, FirstWish
from veche.domain.directory import alias_for
from veche.domain.ids import UserId
from veche.domain.refusals import Refusal, Refused
from veche.domain.sessions import Asker
from veche.queries import accounts as queries

FIELDS = ("full_name", "username", "password", "password_again")


async def first_page(door: Door, asker: Asker, request: LinkPage) -> Reply:
    """Show the form behind a link that works, and a plain page behind every other; says 404 or 410 then."""
    return await _form(door, request, 200)


async def first_form(door: Door, asker: Asker, request: LinkForm) -> Reply:
    """Make the first administrator, or show the form again with what is wrong in it; the link is used up then."""
    typed = fields_of(request.body, FIELDS)
    wish = FirstWish(typed["username"], typed["full_name"], typed["password"], typed["password_again"])
    try:
        user = await commands.make_first_administrator(door.commands, request.token, wish)
    except Refused as refused:
        return await _form(door, request, refused.refusal.status, typed, _faults(refused.refusal))
    name = " ".join((typed["full_name"] or typed["username"]).split())
    return reply_with(begun_page(_begun(door, request.request, user, name), page_language(door, request)))


async def _form(
    door: Door,
    request: LinkPage | LinkForm,
    status: int,
    typed: Mapping[str, str] | None = None,
    faults: tuple[Fault, ...] = (),
) -> Reply:
    language = page_language(door, request)
    try:
        policy = await queries.first_link(door.queries, request.token)
    except Refused as refused:
        return reply_with(gone_page(language), refused.refusal.status)
    form = Form(door.queries.limits.server_name, policy.least_length, typed or {}, faults)
    return reply_with(form_page(form, language), status)


def _faults(refusal: Refusal) -> tuple[Fault, ...]:
    """Return what is wrong, field by field; where the server itself cannot do it, no field is to blame."""
    if refusal.extra and FAULTS in refusal.extra:
        return tuple(refusal.extra[FAULTS])
    return ({"field": (refusal.field or "") if refusal.status < 500 else "", "errcode": refusal.code},)


def _begun(door: Door, facts: RequestFacts, user: UserId, name: str) -> Begun:
    limits = door.queries.limits
    address = limits.public_address or f"{'https' if facts.is_secure else 'http'}://{facts.host}"
    port, host = limits.trust_port, urlsplit(address).hostname or ""
    trust = f"http://{f'[{host}]' if ':' in host else host}:{port}/" if port else ""
    rooms = tuple(f"{room} ({alias_for(room, limits.server_name)})" for room in limits.default_rooms)
    return Begun(name, user, address, trust, rooms)


_PATH = "/first/{token}"

ENDPOINTS = (
    Endpoint(
        "GET",
        _PATH,
        "public",
        "register",
        LinkPage,
        Reply,
        first_page,
        hides_path=True,
        refusal_page=refusal_page,
    ),
    Endpoint(
        "POST",
        _PATH,
        "public",
        "register",
        LinkForm,
        Reply,
        first_form,
        hides_path=True,
        refusal_page=refusal_page,
    ),
)
