"""Mail addresses of other people's accounts: seeing them, taking one away. For administrators."""

import msgspec

from veche.api.http.contract import Door, Empty, Endpoint
from veche.api.veche.accounts.administering import ACCOUNT
from veche.commands import accounts as commands
from veche.domain.accounts.addresses import Address, canonical
from veche.domain.ids import UserId
from veche.domain.sessions import Asker
from veche.queries import accounts as queries


class Whose(msgspec.Struct, frozen=True):
    """``GET …/addresses``."""

    user_id: UserId


class Addresses(msgspec.Struct, frozen=True):
    """The addresses of one account, the oldest first; times in milliseconds."""

    addresses: list[Address]


class RemovalBody(msgspec.Struct, frozen=True):
    """Body of ``POST …/addresses/remove``."""

    address: str
    reason: str = ""


class Removal(msgspec.Struct, frozen=True):
    """``POST /accounts/{user_id}/addresses/remove``."""

    user_id: UserId
    body: RemovalBody


async def list_addresses(door: Door, asker: Asker, request: Whose) -> Addresses:
    """List the mail addresses of somebody's account."""
    return Addresses(await queries.addresses_of(door.queries, asker, request.user_id))


async def remove_address(door: Door, asker: Asker, request: Removal) -> Empty:
    """Take a mail address from somebody's account: no letter goes there any more, and none resets their password."""
    body = request.body
    await commands.remove_address_of(door.commands, asker, request.user_id, canonical(body.address), body.reason)
    return Empty()


_ADDRESSES = f"{ACCOUNT}/addresses"

ENDPOINTS = (
    Endpoint("GET", _ADDRESSES, "administrator", "read", Whose, Addresses, list_addresses),
    Endpoint("POST", f"{_ADDRESSES}/remove", "administrator", "write", Removal, Empty, remove_address),
)
