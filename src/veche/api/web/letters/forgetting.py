"""The pages on which somebody without a client asks for a letter, and chooses a new password with its code."""

import msgspec

from veche.api.http.contract import Door, Endpoint, Reply, RequestFacts
from veche.api.web.letters.showing import CodeForm, ask_page, code_page, off_page
from veche.api.web.pages import reply_with
from veche.api.web.pages.forms import fields_of, page_language
from veche.api.web.pages.refusals import refusal_page
from veche.api.web.sessions.showing import DIFFER, done_page
from veche.commands import accounts as commands
from veche.domain.accounts.addresses import MAIL_IS_OFF, ProofWish, canonical
from veche.domain.refusals import Refusal, Refused
from veche.domain.sessions import Asker
from veche.domain.settings import Language
from veche.queries import accounts as queries

FIELDS = ("address", "sid", "client_secret", "code", "password", "password_again")
_SECRET_BYTES = 18


class AskPage(msgspec.Struct, frozen=True):
    """``GET /reset/mail``."""

    request: RequestFacts
    lang: str | None = None


class SentForm(msgspec.Struct, frozen=True):
    """``POST /reset/mail`` and ``POST /reset/code``: the form as browsers send it."""

    request: RequestFacts
    body: bytes
    lang: str | None = None


async def ask_form(door: Door, asker: Asker, request: AskPage) -> Reply:
    """Show the form that asks for a letter."""
    language = page_language(door, request)
    if not door.queries.limits.sends_mail:
        return reply_with(off_page(language), 404)
    return reply_with(ask_page(language))


async def ask(door: Door, asker: Asker, request: SentForm) -> Reply:
    """Let a letter be sent, if the address is anybody's; the answer is the same for all."""
    language, typed = page_language(door, request), fields_of(request.body, FIELDS)
    wish = ProofWish(canonical(typed["address"]), door.commands.random(_SECRET_BYTES).hex(), 1)
    try:
        origin = request.request.origin()
        sid = await commands.ask_for_proof(door.commands, "page", wish, language, origin)
    except Refused as refused:
        is_off = refused.refusal == MAIL_IS_OFF
        shown = off_page(language) if is_off else ask_page(language, typed["address"], refused.refusal)
        return reply_with(shown, refused.refusal.status)
    policy = await queries.password_policy(door.queries)
    return reply_with(code_page(CodeForm(wish.address, sid, wish.client_secret, "", policy), language))


async def choose(door: Door, asker: Asker, request: SentForm) -> Reply:
    """Replace the password with a letter's code, or show the form again with what is wrong."""
    language, typed = page_language(door, request), fields_of(request.body, FIELDS)
    if typed["password"] != typed["password_again"]:
        return await _again(door, language, typed, DIFFER)
    try:
        await commands.reset_by_mailed_code(
            door.commands,
            typed["sid"],
            typed["client_secret"],
            typed["code"],
            typed["password"],
            request.request.origin(),
        )
    except Refused as refused:
        return await _again(door, language, typed, refused.refusal)
    return reply_with(done_page(language))


async def _again(door: Door, language: Language, typed: dict[str, str], refusal: Refusal) -> Reply:
    policy = await queries.password_policy(door.queries)
    form = CodeForm(typed["address"], typed["sid"], typed["client_secret"], typed["code"], policy, refusal)
    return reply_with(code_page(form, language), refusal.status)


ENDPOINTS = (
    Endpoint("GET", "/reset/mail", "public", "read", AskPage, Reply, ask_form, refusal_page=refusal_page),
    Endpoint("POST", "/reset/mail", "public", "register", SentForm, Reply, ask, refusal_page=refusal_page),
    Endpoint("POST", "/reset/code", "public", "sign in", SentForm, Reply, choose, refusal_page=refusal_page),
)
