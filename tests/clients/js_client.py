"""A person's device running an unmodified matrix-js-sdk: starts its driver in Node and speaks lines of JSON with it."""

import asyncio
import itertools
import os
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any

import msgspec

from tests.clients.attachments import Attachment, Received
from tests.clients.people import Account
from tests.clients.views import DEADLINE, RoomView

FOLDER = Path(__file__).parent / "js"
LONGEST_ANSWER = 2**24
"""Bytes that one line of the driver may have."""


class JsClient:
    """One device; each has a Node process of its own."""

    def __init__(self, driver: "Driver", account: Account, whoami: dict[str, str]) -> None:
        self.driver = driver
        self.account = account
        self.user_id = whoami["user_id"]
        self.device_id = whoami["device_id"]

    @classmethod
    async def register(cls, account: Account, folder: Path) -> "JsClient":
        """A new account with its first device."""
        return await cls._begin("register", account, folder, history=20)

    @classmethod
    async def login(cls, account: Account, folder: Path, history: int, token: str = "") -> "JsClient":
        """A further device of an account; its first sync brings that many events of each room.

        It signs in by the token that another device has made, where one is given.
        """
        return await cls._begin("login", account, folder, history, token)

    @classmethod
    async def _begin(cls, how: str, account: Account, folder: Path, history: int, token: str = "") -> "JsClient":
        driver = await Driver.start(folder, account.authority)
        try:
            wish = {"base": account.base_url, "user": account.name, "password": account.password, "token": token}
            whoami = await driver.do(how, **wish, device_name="js", history=history)
        except BaseException:
            await driver.close()
            raise
        return cls(driver, account, whoami)

    async def do(self, command: str, /, **details: object) -> Any:
        """Run one command of the driver and return its answer."""
        return await self.driver.do(command, **details)

    async def create_room(self, invite: str) -> str:
        """A private encrypted room with one invited person."""
        return str(await self.do("create_room", invite=invite, name="js"))

    async def create_plain_room(self, invite: str) -> str:
        """A private room without encryption, with one invited person."""
        return str(await self.do("create_plain_room", invite=invite))

    async def join(self, room: str) -> None:
        """Accept an invitation."""
        await self.do("join", room=room)

    async def membership(self, room: str, user: str) -> str | None:
        """What the SDK knows of a user in a room."""
        return msgspec.convert(await self.do("membership", room=room, user=user), str | None)

    async def devices_of(self, user: str) -> list[str]:
        """The ids of a user's devices that messages would be encrypted for."""
        return msgspec.convert(await self.do("devices_of", user=user), list[str])

    async def presence(self, user: str) -> tuple[str | None, str | None]:
        """What the SDK knows of how a user is doing."""
        return msgspec.convert(await self.do("presence", user=user), tuple[str | None, str | None])

    async def set_presence(self, state: str, text: str) -> None:
        """Say how one is doing."""
        await self.do("set_presence", state=state, text=text)

    async def send_text(self, room: str, text: str) -> str:
        """Send a text message, encrypted."""
        return str(await self.do("send_text", room=room, text=text))

    async def edit(self, room: str, event: str, text: str) -> str:
        """Replace the text of an own message."""
        return str(await self.do("edit", room=room, event=event, text=text))

    async def react(self, room: str, event: str, key: str) -> str:
        """Annotate a message; the SDK sends reactions in the clear."""
        return str(await self.do("react", room=room, event=event, key=key))

    async def redact(self, room: str, event: str) -> str:
        """Take a message or a reaction back."""
        return str(await self.do("redact", room=room, event=event))

    async def mark_read(self, room: str, event: str) -> None:
        """Send a public read receipt in the thread the event belongs to."""
        await self.do("mark_read", room=room, event=event)

    async def set_typing(self, room: str, typing: bool) -> None:
        """Start or stop typing."""
        await self.do("set_typing", room=room, typing=typing)

    async def send_file(self, room: str, file: Attachment, *, encrypted: bool) -> str:
        """Upload a file and send it to a room."""
        return str(await self.do("send_file", room=room, encrypted=encrypted, **msgspec.to_builtins(file)))

    async def fetch_file(self, room: str, event: str) -> Received | None:
        """Fetch the file of an event and, of a picture, the thumbnail; None while the event has not arrived."""
        return msgspec.convert(await self.do("fetch_file", room=room, event=event), Received | None)

    async def look(self, room: str) -> RoomView:
        """Everything this device would show of a room now."""
        return msgspec.convert(await self.do("look", room=room), RoomView)

    async def close(self) -> None:
        """End the Node process; the session stays signed in."""
        await self.driver.close()


class Driver:
    """The Node process and the answers it still owes; what it prints to stderr goes to a file in its folder."""

    def __init__(self, process: Process, printed: Path) -> None:
        self._process = process
        self._printed = printed
        self._numbers = itertools.count(1)
        self._owed: dict[int, asyncio.Future[Any]] = {}
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, folder: Path, authority: Path | None = None) -> "Driver":
        """Start the driver; needs js/setup.sh to have run. Node trusts the authority besides those it knows."""
        trusted = {"NODE_EXTRA_CA_CERTS": str(authority)} if authority else {}
        printed = folder / "driver.log"
        with printed.open("wb") as stderr:
            process = await asyncio.create_subprocess_exec(
                *("node", str(FOLDER / "driver.mjs")),
                stdin=PIPE,
                stdout=PIPE,
                stderr=stderr,
                limit=LONGEST_ANSWER,
                env={**os.environ, **trusted},
            )
        return cls(process, printed)

    async def do(self, command: str, /, **details: object) -> Any:
        """Send one command and wait for its answer; raises what the SDK raised, as text."""
        number = next(self._numbers)
        self._owed[number] = asyncio.get_running_loop().create_future()
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode({"id": number, "do": command, **details}) + b"\n")
        try:
            async with asyncio.timeout(DEADLINE):
                return await self._owed[number]
        except TimeoutError:
            raise AssertionError(f"no answer to {command} after {DEADLINE:.0f} s; {self._last_words()}") from None
        finally:
            del self._owed[number]

    async def close(self) -> None:
        """Close stdin, upon which the driver exits; kill it if it does not."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(5):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await self._reading

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            answer = msgspec.json.decode(line)
            owed = self._owed.get(answer["id"])
            if owed is None or owed.done():
                continue
            if "error" in answer:
                owed.set_exception(AssertionError(answer["error"]))
            else:
                owed.set_result(answer["ok"])
        for owed in self._owed.values():
            if not owed.done():
                owed.set_exception(AssertionError(f"the driver ended; {self._last_words()}"))

    def _last_words(self) -> str:
        return "it printed last:\n" + "\n".join(self._printed.read_text(errors="replace").splitlines()[-40:])
