"""matrix-commander, a client without a terminal or screen: each thing a person does is one run of its program."""

import asyncio
import os
import sys
from pathlib import Path

from tests.clients.people import Account
from tests.clients.views import DEADLINE
from tests.stage.server import ROOT

SETUP = ROOT / "tests" / "clients" / "commander.sh"
PROGRAM = ROOT / ".commander" / "bin" / "matrix-commander"


class CommandLine:
    """One device of a person; credentials and keys stand in its folder."""

    def __init__(self, account: Account, folder: Path) -> None:
        self._account = account
        self._folder = folder

    async def login(self, user: str, room: str) -> None:
        """Sign in; ``room`` is where it writes to when nothing else is said."""
        account = self._account
        server = ("--homeserver", account.base_url, "--user-login", user, "--password", account.password)
        await self.run("--login", "password", *server, "--device", "command line", "--room-default", room)

    async def run(self, *words: str) -> str:
        """Run the program and return what it prints; fails where it does."""
        kept = ("--credentials", str(self._folder / "credentials.json"), "--store", str(self._folder / "store"))
        process = await asyncio.create_subprocess_exec(
            *(str(PROGRAM), *kept, "--no-ssl", *words),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=self._folder,
            env={"PATH": os.environ["PATH"], "HOME": str(self._folder), "LANG": "C.UTF-8"},
        )
        try:
            async with asyncio.timeout(DEADLINE * 3):
                printed, complaint = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.communicate()
            raise AssertionError(f"{words} did not end") from None
        assert process.returncode == 0, f"{words}: {complaint.decode()}"
        return printed.decode().strip()


def environment() -> dict[str, str]:
    """Return the environment in which the program is installed: with the Python of these tests."""
    return {**os.environ, "VECHE_PYTHON": os.environ.get("VECHE_PYTHON", sys.executable)}
