"""Registration tokens: seeing, making and revoking them. For administrators."""

import msgspec

from veche.api.http.contract import Door, Empty, Endpoint
from veche.commands import accounts as commands
from veche.domain.accounts.tokens import RegistrationToken, TokenWish
from veche.domain.sessions import Asker
from veche.queries import accounts as queries

TOKENS = "/_veche/v1/registration_tokens"


class Tokens(msgspec.Struct, frozen=True):
    """All registration tokens in the order of their making."""

    registration_tokens: list[RegistrationToken]


class NewToken(msgspec.Struct, frozen=True):
    """``POST /registration_tokens``: how often, until when, as what, and into which rooms (ids or aliases)."""

    body: TokenWish


class OneToken(msgspec.Struct, frozen=True):
    """Which token."""

    token: str


async def list_tokens(door: Door, asker: Asker, request: Empty) -> Tokens:
    """List all tokens, those that are used up, at their end or revoked too."""
    return Tokens(await queries.all_registration_tokens(door.queries, asker))


async def make_token(door: Door, asker: Asker, request: NewToken) -> RegistrationToken:
    """Make a token. One that makes administrators needs a number of uses and an end, and gets a made-up text."""
    return await commands.add_registration_token(door.commands, asker, request.body)


async def revoke_token(door: Door, asker: Asker, request: OneToken) -> Empty:
    """Make a token invalid; accounts that were made with it stay."""
    await commands.revoke_registration_token(door.commands, asker, request.token)
    return Empty()


ENDPOINTS = (
    Endpoint("GET", TOKENS, "administrator", "read", Empty, Tokens, list_tokens),
    Endpoint("POST", TOKENS, "administrator", "write", NewToken, RegistrationToken, make_token, body_optional=True),
    Endpoint("DELETE", TOKENS + "/{token}", "administrator", "write", OneToken, Empty, revoke_token, hides_path=True),
)
