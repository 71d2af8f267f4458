"""Actions about mail: what ``veche mail`` and ``veche user addresses`` ask for."""

from typing import Any

import msgspec

from veche.app.actions.accounts import named
from veche.app.actions.handling import Handlers
from veche.commands import accounts as commands
from veche.commands.context import Context
from veche.domain.accounts.addresses import canonical
from veche.domain.ids import UserId
from veche.domain.sessions import OPERATOR
from veche.domain.settings import Language
from veche.queries import accounts as queries
from veche.queries.context import ReadContext


class SendTestLetter(msgspec.Struct, frozen=True, tag="send test letter"):
    """Send a letter now that says that mail works."""

    address: str
    language: Language | None = None


class ListAddresses(msgspec.Struct, frozen=True, tag="list addresses"):
    """Answer somebody's mail addresses."""

    name: str


class RemoveAddress(msgspec.Struct, frozen=True, tag="remove address"):
    """Take a mail address from somebody's account; answers whose."""

    name: str
    address: str
    reason: str = ""


class CountLetters(msgspec.Struct, frozen=True, tag="count letters"):
    """Answer how many letters wait."""


async def send_test_letter(ctx: Context, asking: ReadContext, action: SendTestLetter) -> None:
    """Send a letter."""
    await commands.send_test_letter(ctx, OPERATOR, action.address, action.language)


async def list_addresses(ctx: Context, asking: ReadContext, action: ListAddresses) -> Any:
    """Return somebody's addresses."""
    return await queries.addresses_of(asking, OPERATOR, named(ctx, action.name))


async def remove_address(ctx: Context, asking: ReadContext, action: RemoveAddress) -> UserId:
    """Take an address away; returns whose it was."""
    user = named(ctx, action.name)
    await commands.remove_address_of(ctx, OPERATOR, user, canonical(action.address), action.reason)
    return user


async def count_letters(ctx: Context, asking: ReadContext, action: CountLetters) -> int:
    """Return how many wait."""
    return await queries.waiting_letters(asking, OPERATOR)


Action = SendTestLetter | ListAddresses | RemoveAddress | CountLetters
HANDLERS: Handlers = {
    SendTestLetter: send_test_letter,
    ListAddresses: list_addresses,
    RemoveAddress: remove_address,
    CountLetters: count_letters,
}
