"""Making the first administrator with the link's token, for clients that show their own form."""

import msgspec

from veche.api.http.contract import Door, Endpoint
from veche.commands import accounts as commands
from veche.domain.accounts.first import FirstWish
from veche.domain.ids import UserId
from veche.domain.sessions import Asker


class FirstBody(msgspec.Struct, frozen=True):
    """Body of ``POST /accounts/first``; of the two names one may be left out."""

    token: str
    password: str
    username: str = ""
    full_name: str = ""


class FirstRequest(msgspec.Struct, frozen=True):
    """``POST /accounts/first``."""

    body: FirstBody


class FirstReply(msgspec.Struct, frozen=True):
    """The administrator, who signs in like anybody else."""

    user_id: UserId


async def first(door: Door, asker: Asker, request: FirstRequest) -> FirstReply:
    """Use a link up and make the first administrator; 404 or 410 where it does not work, 400 with all faults."""
    body = request.body
    wish = FirstWish(body.username, body.full_name, body.password)
    return FirstReply(await commands.make_first_administrator(door.commands, body.token, wish))


ENDPOINTS = (Endpoint("POST", "/_veche/v1/accounts/first", "public", "register", FirstRequest, FirstReply, first),)
