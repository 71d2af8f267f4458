"""What stands behind the link in a letter: a page that asks, and does nothing until its button is pressed."""

from veche.api.http.contract import Door, Endpoint, Reply
from veche.api.web.letters.showing import choose_page, confirm_page, confirmed_page, gone_page
from veche.api.web.pages import reply_with
from veche.api.web.pages.forms import LinkForm, LinkPage, fields_of, page_language
from veche.api.web.pages.refusals import refusal_page
from veche.api.web.sessions.showing import DIFFER, done_page
from veche.commands import accounts as commands
from veche.domain.accounts.addresses import LINK_GONE, Proof
from veche.domain.refusals import Refusal, Refused
from veche.domain.sessions import Asker
from veche.domain.settings import Language
from veche.queries import accounts as queries


async def link_page(door: Door, asker: Asker, request: LinkPage) -> Reply:
    """Ask whether to confirm, or for the new password."""
    language = page_language(door, request)
    try:
        proof = await queries.open_proof(door.queries, request.token)
    except Refused as refused:
        return _failed(refused.refusal, language)
    if proof.purpose == "page":
        return await _choice(door, proof, language)
    if proof.proven_ts is not None:
        return reply_with(confirmed_page(proof, language))
    return reply_with(confirm_page(proof, door.queries.limits.server_name, language))


async def link_form(door: Door, asker: Asker, request: LinkForm) -> Reply:
    """Do what the link is for: confirm the address, or replace the password."""
    language = page_language(door, request)
    try:
        proof = await queries.open_proof(door.queries, request.token)
        if proof.purpose == "page":
            return await _chosen(door, proof, request, language)
        return reply_with(confirmed_page(await commands.prove_by_link(door.commands, request.token), language))
    except Refused as refused:
        return _failed(refused.refusal, language)


async def _chosen(door: Door, proof: Proof, request: LinkForm, language: Language) -> Reply:
    typed = fields_of(request.body, ("password", "password_again"))
    if typed["password"] != typed["password_again"]:
        return await _choice(door, proof, language, DIFFER)
    try:
        await commands.reset_by_link(door.commands, request.token, typed["password"], request.request.origin())
    except Refused as refused:
        if refused.refusal == LINK_GONE:
            raise
        return await _choice(door, proof, language, refused.refusal)
    return reply_with(done_page(language))


async def _choice(door: Door, proof: Proof, language: Language, refusal: Refusal | None = None) -> Reply:
    if proof.proven_ts is not None:
        return _failed(LINK_GONE, language)
    policy = await queries.password_policy(door.queries)
    return reply_with(choose_page(proof, policy, language, refusal), 200 if refusal is None else refusal.status)


def _failed(refusal: Refusal, language: Language) -> Reply:
    if refusal == LINK_GONE:
        return reply_with(gone_page(language), refusal.status)
    raise Refused(refusal)


_PATH = "/mail/{token}"

ENDPOINTS = (
    Endpoint("GET", _PATH, "public", "read", LinkPage, Reply, link_page, hides_path=True, refusal_page=refusal_page),
    Endpoint(
        "POST", _PATH, "public", "sign in", LinkForm, Reply, link_form, hides_path=True, refusal_page=refusal_page
    ),
)
