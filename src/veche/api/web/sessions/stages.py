"""Pages on which a stage of registering is done in a browser, where a client does not know it (section Fallback)."""

from urllib.parse import quote

import msgspec

from veche.api.http.contract import Door, Endpoint, Reply, RequestFacts
from veche.api.web.pages import Page, reply_with, said_page
from veche.api.web.pages.forms import fields_of, page_language
from veche.api.web.pages.refusals import refusal_page
from veche.api.web.sessions.showing import TEXT, field, notice_of
from veche.api.web.sessions.stage_texts import TEXTS
from veche.commands.accounts import stages as commands
from veche.domain.accounts import REGISTRATION_TOKEN
from veche.domain.accounts.tokens import BAD_TOKEN
from veche.domain.refusals import Refusal, Refused
from veche.domain.sessions import Asker
from veche.domain.settings import Language

_PATH = "/_matrix/client/v3/auth/{auth_type}/fallback/web"
_TELL_CLIENT = (
    "if (window.onAuthDone) window.onAuthDone();"
    'else if (window.opener && window.opener.postMessage) window.opener.postMessage("authDone", "*");'
)
"""How a client learns that the stage is done; the specification says it."""


class StagePage(msgspec.Struct, frozen=True):
    """``GET /auth/{auth_type}/fallback/web``; ``session`` is the check that the stage belongs to."""

    request: RequestFacts
    auth_type: str
    session: str = ""
    lang: str | None = None


class StageForm(msgspec.Struct, frozen=True):
    """``POST /auth/{auth_type}/fallback/web``: the form as browsers send it."""

    request: RequestFacts
    auth_type: str
    body: bytes
    session: str = ""
    lang: str | None = None


async def stage_page(door: Door, asker: Asker, request: StagePage) -> Reply:
    """Show what is to be done."""
    if request.auth_type not in commands.STAGES:
        raise Refused(commands.NO_STAGE)
    return reply_with(_form(page_language(door, request), request))


async def stage_form(door: Door, asker: Asker, request: StageForm) -> Reply:
    """Do the stage and tell the client so, or show again what is to be done, with what is wrong."""
    language, token = page_language(door, request), fields_of(request.body, ("token",))["token"].strip()
    try:
        await commands.do_stage(door.commands, request.session, request.auth_type, token)
    except Refused as refused:
        if refused.refusal.status == 404:
            raise
        return reply_with(_form(language, request, refused.refusal), refused.refusal.status)
    texts = TEXTS[language]
    script = f"\n<script>{_TELL_CLIENT}</script>"
    page = said_page(language, texts.done_title, texts.done_text, script, can_switch=False)
    return reply_with(page, script=_TELL_CLIENT)


def _form(language: Language, request: StagePage | StageForm, refusal: Refusal | None = None) -> Page:
    texts = TEXTS[language]
    wants_token = request.auth_type == REGISTRATION_TOKEN
    fault = texts.bad_token if refusal == BAD_TOKEN else None
    notice = notice_of(texts.ended if refusal is not None and fault is None else "")
    fields = field("token", texts.token, TEXT, texts.token_hint, fault) if wants_token else ""
    action = f"?session={quote(request.session, safe='')}&amp;lang={language}"
    main = (
        f'<h1>{texts.title}</h1>\n<p class="lead">{texts.lead_of_token if wants_token else texts.lead}</p>\n'
        f'<form class="card" method="post" action="{action}">\n{notice}{fields}<button>{texts.submit}</button>\n</form>'
    )
    return Page(language, texts.title, main, can_switch=False)


ENDPOINTS = (
    Endpoint("GET", _PATH, "public", "read", StagePage, Reply, stage_page, refusal_page=refusal_page),
    Endpoint("POST", _PATH, "public", "register", StageForm, Reply, stage_form, refusal_page=refusal_page),
)
