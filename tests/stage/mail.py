"""Mail under test: letters are kept instead of sent, and what stands in them is found."""

import asyncio
import re
from collections.abc import Callable

from veche.commands.context import Context
from veche.integrations.mail.records import Failure, Letter, MailServer

PUBLIC = "https://veche.test"
SETTINGS: dict[str, str | int] = {"mail_server": "mail.veche.test", "public_address": PUBLIC}
"""Settings of a server that sends mail; the stage gives every such world a post office."""
PATIENCE = 6_000
"""How often is looked for a letter, a hundredth of a second apart."""


class PostOffice:
    """Stands in for the mail server. ``fails`` is asked before each letter what goes wrong, if anything does; a letter
    that was taken is answered once ``holds`` is set, where there is such.
    """

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.tried = 0
        self.fails: Callable[[Letter], Failure | None] = lambda letter: None
        self.holds: asyncio.Event | None = None

    def open(self, server: MailServer | None) -> "PostOffice":
        """Take letters in the name of any server."""
        return self

    async def send(self, letter: Letter) -> None:
        """Take a letter, or fail."""
        self.tried += 1
        failure = self.fails(letter)
        if failure is not None:
            raise failure
        self.letters.append(letter)
        if self.holds is not None:
            await self.holds.wait()

    async def received(self, count: int) -> list[Letter]:
        """Wait for so many letters and return them all; fail where there are more."""
        for _ in range(PATIENCE):
            if len(self.letters) >= count:
                break
            await asyncio.sleep(0.01)
        assert len(self.letters) == count, [letter.subject for letter in self.letters]
        return self.letters


async def settled(ctx: Context) -> None:
    """Wait until no letter is due any more."""
    for _ in range(PATIENCE):
        waiting = ctx.live.letters
        if not waiting.are_sent and not waiting.is_due(ctx.clock()):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("letters are still due")


def link_of(letter: Letter) -> str:
    """Return the token in the letter's link."""
    found = re.search(rf"{PUBLIC}/mail/([a-z0-9]+)", letter.text)
    assert found, letter.text
    return found[1]


def code_of(letter: Letter) -> str:
    """Return the letter's six digits."""
    found = re.search(r"(?m)^([0-9]{6})$", letter.text)
    assert found, letter.text
    return found[1]
