"""Asking for a letter that shows an address to be one's own, and handing in the code that stood in it."""

from typing import Any

import msgspec

from veche.api.http.contract import Door, Empty, Endpoint, RequestFacts
from veche.api.http.requests import chosen_language
from veche.commands import accounts as commands
from veche.domain.accounts.addresses import BAD_PROOF, NO_TELEPHONES, ProofWish, Purpose, canonical
from veche.domain.refusals import Refused
from veche.domain.sessions import Asker

SUBMIT = "/_veche/v1/mail/submit_token"


class AskBody(msgspec.Struct, frozen=True):
    """Body of all ``…/email/requestToken``."""

    client_secret: str
    email: str
    send_attempt: int
    next_link: str | None = None


class Ask(msgspec.Struct, frozen=True):
    """``POST …/email/requestToken``."""

    body: AskBody
    request: RequestFacts


class Asked(msgspec.Struct, frozen=True):
    """A letter is on its way, perhaps. ``submit_url`` takes its code."""

    sid: str
    submit_url: str


class CodeBody(msgspec.Struct, frozen=True):
    """Body of ``POST /mail/submit_token``: ``token`` is the letter's code."""

    sid: str
    client_secret: str
    token: str


class Code(msgspec.Struct, frozen=True):
    """``POST /mail/submit_token``."""

    body: CodeBody
    request: RequestFacts


class Submitted(msgspec.Struct, frozen=True):
    """Whether the code was right."""

    success: bool


async def to_register(door: Door, asker: Asker, request: Ask) -> Asked:
    """Send a letter to an address with which somebody wants to register."""
    return await _asked(door, "register", request)


async def to_add(door: Door, asker: Asker, request: Ask) -> Asked:
    """Send a letter to an address that somebody wants to add to their account."""
    return await _asked(door, "add", request)


async def to_reset(door: Door, asker: Asker, request: Ask) -> Asked:
    """Send a letter to somebody who has forgotten their password; the answer is the same for everybody."""
    return await _asked(door, "reset", request)


async def submit(door: Door, asker: Asker, request: Code) -> Submitted:
    """Take the code of a letter (Identity Service API, section Email associations)."""
    body, origin = request.body, request.request.origin()
    try:
        await commands.prove_by_code(door.commands, body.sid, body.client_secret, body.token, origin)
    except Refused as refused:
        if refused.refusal != BAD_PROOF:
            raise
        return Submitted(False)
    return Submitted(True)


async def no_telephone(door: Door, asker: Asker, request: Empty) -> Empty:
    """Refuse to call a telephone."""
    raise Refused(NO_TELEPHONES)


async def _asked(door: Door, purpose: Purpose, request: Ask) -> Asked:
    body, limits = request.body, door.commands.limits
    wish = ProofWish(canonical(body.email), body.client_secret, body.send_attempt, body.next_link or "")
    language = chosen_language(None, request.request.header(b"accept-language"), limits.mail_language)
    sid = await commands.ask_for_proof(door.commands, purpose, wish, language, request.request.origin())
    return Asked(sid, limits.public_address + SUBMIT)


def _endpoint(purpose: str, medium: str, request: type[Any], response: type[Any], serve: Any) -> Endpoint:
    path, optional = f"/_matrix/client/v3/{purpose}/{medium}/requestToken", request is Empty
    return Endpoint("POST", path, "public", "register", request, response, serve, body_optional=optional)


ENDPOINTS = (
    _endpoint("register", "email", Ask, Asked, to_register),
    _endpoint("account/3pid", "email", Ask, Asked, to_add),
    _endpoint("account/password", "email", Ask, Asked, to_reset),
    *(_endpoint(purpose, "msisdn", Empty, Empty, no_telephone) for purpose in ("register", "account/3pid")),
    _endpoint("account/password", "msisdn", Empty, Empty, no_telephone),
    Endpoint("POST", SUBMIT, "public", "sign in", Code, Submitted, submit),
)
