"""The page on which a forgotten password is replaced with the help of a code from an administrator."""

import msgspec

from veche.api.http.contract import Door, Endpoint, Reply, RequestFacts
from veche.api.web.pages import reply_with
from veche.api.web.pages.forms import fields_of, page_language
from veche.api.web.pages.refusals import refusal_page
from veche.api.web.sessions import stages
from veche.api.web.sessions.showing import DIFFER, Form, done_page, form_page
from veche.commands import accounts as commands
from veche.domain.refusals import Refusal, Refused
from veche.domain.sessions import Asker
from veche.domain.settings import Language
from veche.queries import accounts as queries

FIELDS = ("user", "code", "password", "password_again")


class ResetPage(msgspec.Struct, frozen=True):
    """``GET /reset``; ``user`` may stand in the link that somebody is given."""

    request: RequestFacts
    lang: str | None = None
    user: str = ""


class ResetForm(msgspec.Struct, frozen=True):
    """``POST /reset``: the form as browsers send it."""

    request: RequestFacts
    body: bytes
    lang: str | None = None


async def reset_page(door: Door, asker: Asker, request: ResetPage) -> Reply:
    """Show the form."""
    return await _form(door, page_language(door, request), {"user": request.user})


async def reset_form(door: Door, asker: Asker, request: ResetForm) -> Reply:
    """Replace the password, or show the form again with what is wrong."""
    language, typed = page_language(door, request), fields_of(request.body, FIELDS)
    if typed["password"] != typed["password_again"]:
        return await _form(door, language, typed, DIFFER)
    origin = request.request.origin()
    try:
        await commands.reset_by_code(door.commands, typed["user"], typed["code"], typed["password"], origin)
    except Refused as refused:
        return await _form(door, language, typed, refused.refusal)
    return reply_with(done_page(language))


async def _form(door: Door, language: Language, typed: dict[str, str], refusal: Refusal | None = None) -> Reply:
    policy = await queries.password_policy(door.queries)
    form = Form(
        typed.get("user", ""), typed.get("code", ""), policy, refusal, offers_mail=door.queries.limits.sends_mail
    )
    return reply_with(form_page(form, language), 200 if refusal is None else refusal.status)


ENDPOINTS = (
    Endpoint("GET", "/reset", "public", "read", ResetPage, Reply, reset_page, refusal_page=refusal_page),
    Endpoint("POST", "/reset", "public", "sign in", ResetForm, Reply, reset_form, refusal_page=refusal_page),
    *stages.ENDPOINTS,
)
