"""Passwords: the policy, for everybody to read, and the codes that replace a forgotten one."""

import msgspec

from veche.api.http.contract import Door, Empty, Endpoint, RequestFacts
from veche.api.veche.accounts.administering import ACCOUNT
from veche.commands import accounts as commands
from veche.commands.accounts import NewCode
from veche.domain.accounts.passwords import PasswordPolicy, PolicyChange
from veche.domain.ids import UserId
from veche.domain.sessions import Asker
from veche.queries import accounts as queries


class ChangeRequest(msgspec.Struct, frozen=True):
    """``PUT /password_policy``: what the body does not name stays as it is."""

    body: PolicyChange


class CodeBody(msgspec.Struct, frozen=True):
    """Body of ``POST …/reset_code``."""

    reason: str = ""


class CodeRequest(msgspec.Struct, frozen=True):
    """``POST /accounts/{user_id}/reset_code``."""

    user_id: UserId
    body: CodeBody


class ResetBody(msgspec.Struct, frozen=True):
    """Body of ``POST /accounts/reset``: a user id or bare user name, the code, and the password to be."""

    user: str
    code: str
    new_password: str


class ResetRequest(msgspec.Struct, frozen=True):
    """``POST /accounts/reset``."""

    body: ResetBody
    request: RequestFacts


async def policy(door: Door, asker: Asker, request: Empty) -> PasswordPolicy:
    """Say what a new password must be like."""
    return await queries.password_policy(door.queries)


async def change_policy(door: Door, asker: Asker, request: ChangeRequest) -> PasswordPolicy:
    """Change what a new password must be like; answers with the whole policy."""
    return await commands.change_password_policy(door.commands, asker, request.body)


async def make_code(door: Door, asker: Asker, request: CodeRequest) -> NewCode:
    """Make a code for somebody who has forgotten their password; it is shown here and nowhere else."""
    return await commands.make_reset_code(door.commands, asker, request.user_id, request.body.reason)


async def reset(door: Door, asker: Asker, request: ResetRequest) -> Empty:
    """Choose a new password with a code."""
    body = request.body
    origin = request.request.origin()
    await commands.reset_by_code(door.commands, body.user, body.code, body.new_password, origin)
    return Empty()


_POLICY = "/_veche/v1/password_policy"
_RESET = "/_veche/v1/accounts/reset"

ENDPOINTS = (
    Endpoint("GET", _POLICY, "public", "read", Empty, PasswordPolicy, policy),
    Endpoint("PUT", _POLICY, "administrator", "write", ChangeRequest, PasswordPolicy, change_policy),
    Endpoint(
        "POST", f"{ACCOUNT}/reset_code", "administrator", "write", CodeRequest, NewCode, make_code, body_optional=True
    ),
    Endpoint("POST", _RESET, "public", "sign in", ResetRequest, Empty, reset),
)
