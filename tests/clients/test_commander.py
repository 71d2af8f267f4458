"""A command-line client signs in, lists rooms, sends and receives texts and files, encrypted, and signs out."""

import secrets
import subprocess
from pathlib import Path

import aiohttp
import pytest

from tests.clients.attachments import Attachment
from tests.clients.commander_client import SETUP, CommandLine, environment
from tests.clients.nio_client import NioClient
from tests.clients.people import Account
from tests.clients.stage import Stage, until_member
from tests.clients.views import until

TEXT = "a note of anna's\n"


@pytest.fixture(scope="module")
def program() -> None:
    """The program, installed as its lock file says."""
    subprocess.run([SETUP], check=True, env=environment())


@pytest.mark.usefixtures("program")
async def test_a_conversation_from_the_command_line(stage: Stage, homeserver: str, tmp_path: Path) -> None:
    boris = await stage.nio("boris")
    account, user = await registered(homeserver)
    room = await boris.create_room(user)
    anna = CommandLine(account, tmp_path)
    await anna.login(user, room)
    assert await anna.run("--whoami") == user
    await anna.run("--room-join", room)
    assert (await anna.run("--joined-rooms")).split() == [room]
    assert boris.user_id in await anna.run("--joined-members", room)
    await until_member(boris, room, user, "join")
    await says_and_hears(anna, boris, room)
    await exchanges_files(anna, boris, room, tmp_path)
    made = await anna.run("--room-create", "", "--name", "Hall", "--topic", "Songs", "--plain")
    assert {made.split()[0], room} == set((await anna.run("--joined-rooms")).split())
    await anna.run("--set-display-name", "Anna")
    assert "Anna" in await anna.run("--get-display-name")
    assert "command line" in await anna.run("--devices")
    await anna.run("--logout", "me")


async def registered(url: str) -> tuple[Account, str]:
    """Make an account without a session."""
    account = Account(url, f"anna-{secrets.token_hex(4)}", secrets.token_hex(18))
    body = {"username": account.name, "password": account.password, "inhibit_login": True}
    async with aiohttp.ClientSession() as session:
        wish = {**body, "auth": {"type": "m.login.dummy"}}
        async with session.post(f"{url}/_matrix/client/v3/register", json=wish) as answer:
            assert answer.status == 200, await answer.text()
            return account, str((await answer.json())["user_id"])


async def says_and_hears(anna: CommandLine, boris: NioClient, room: str) -> None:
    """A text in each direction."""
    event = (await anna.run("--message", "hello from a script", "--print-event-id")).split()[0]
    view = await until(
        lambda: boris.look(room), lambda view: view.message(event) is not None, f"{boris.user_id} sees {event}"
    )
    message = view.message(event)
    assert message is not None
    assert (message.text, message.is_encrypted) == ("hello from a script", True)
    await boris.send_text(room, "hello from nio")
    assert "hello from nio" in await anna.run("--listen", "once")


async def exchanges_files(anna: CommandLine, boris: NioClient, room: str, folder: Path) -> None:
    """A file in each direction."""
    note, received = folder / "note.txt", folder / "received"
    note.write_text(TEXT)
    received.mkdir()
    sent = (await anna.run("--file", str(note), "--print-event-id")).split()[0]
    arrived = await until(
        lambda: boris.fetch_file(room, sent), lambda file: file is not None, f"{boris.user_id} fetches {sent}"
    )
    assert arrived is not None
    assert (arrived.content.decode(), arrived.is_encrypted) == (TEXT, True)
    await boris.send_file(room, Attachment("answer.txt", "text/plain", b"an answer"), encrypted=True)
    await anna.run("--listen", "once", "--download-media", str(received))
    assert [file.read_bytes() for file in received.iterdir()] == [b"an answer"]
