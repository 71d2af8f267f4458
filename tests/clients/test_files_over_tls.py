"""People with different client libraries send each other files over the server's own certificate.

They trust its authority, which they fetched where the server offers it, and switch nothing off. The server is at an
address of a network of its own; the other test, at loopback, is for machines on which none can be made.
"""

import asyncio
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from cryptography import x509

from tests.clients.attachments import Attachment, Received, picture, size_of
from tests.clients.people import Person
from tests.clients.stage import Stage, share_room, until_member
from tests.clients.test_conversation import enter
from tests.clients.views import until
from tests.stage.databases import Place
from tests.stage.network import NoNetwork, network
from tests.stage.ports import free_port
from tests.stage.server import Server

NOTES = Attachment("Notizen & заметки.txt", "text/plain", "Grüße, привет\n".encode() * 20_000)
THUMBNAIL = (320, 240)


@contextmanager
def in_a_network(place: Place) -> Iterator[tuple[Server, str]]:
    """A server at an address of a namespace, and where its page about trust is."""
    with network() as wire, running(Server(place, network=wire)) as server:
        yield server, f"http://{wire.address}:8009"


@contextmanager
def at_loopback(place: Place) -> Iterator[tuple[Server, str]]:
    """A server that was told to speak HTTPS on loopback too."""
    port = free_port()
    with running(Server(place, tls="on", trust_port=port)) as server:
        yield server, f"http://127.0.0.1:{port}"


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """Start a server, and stop it whatever happens."""
    try:
        yield server.start()
    finally:
        assert server.stop() == 0, server.last_words()


Where = Callable[[Place], AbstractContextManager[tuple[Server, str]]]


@pytest.mark.parametrize("where", [in_a_network, at_loopback])
def test_files_and_pictures_plain_and_encrypted(
    where: Where, js_packages: None, tmp_path: Path, runner: asyncio.Runner
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    try:
        with where(Place(data, "")) as (server, page):
            runner.run(exchange_everything(server, trusted_authority(server, page, tmp_path), tmp_path))
    except NoNetwork as reason:
        pytest.skip(f"NO NETWORK COULD BE MADE ({reason}): FILES WERE SENT OVER HTTPS AT LOOPBACK ONLY")


def trusted_authority(server: Server, page: str, folder: Path) -> Path:
    """Fetch the authority as people do, and compare its fingerprint with what the server printed at its start."""
    with urllib.request.urlopen(f"{page}/ca.pem", timeout=60) as answer:
        fetched = answer.read()
    shown = subprocess.run(
        ["openssl", "x509", "-noout", "-fingerprint", "-sha256"], input=fetched, capture_output=True, check=True
    ).stdout.decode()
    assert shown.strip().partition("=")[2] in server.last_words()
    assert x509.load_pem_x509_certificate(fetched).subject.rfc4514_string().startswith("CN=Veche veche.test")
    path = folder / "authority.pem"
    path.write_bytes(fetched)
    return path


async def exchange_everything(server: Server, authority: Path, folder: Path) -> None:
    """Both send both kinds of files in both kinds of rooms, and both see all of them."""
    stage = Stage(server.url, folder, authority)
    try:
        alice, bob = await enter(stage, "alice", "js"), await enter(stage, "bob", "nio")
        closed = await share_room(alice, bob)
        plain = await bob.create_plain_room(alice.user_id)
        await until_member(alice, plain, alice.user_id, "invite")
        await alice.join(plain)
        await until_member(bob, plain, alice.user_id, "join")
        for sender in (alice, bob):
            for room, encrypted in ((closed, True), (plain, False)):
                for file in (NOTES, picture(f"picture of {sender.user_id}.png")):
                    event = await sender.send_file(room, file, encrypted=encrypted)
                    for reader in (alice, bob):
                        arrived(await fetched(reader, room, event), file, encrypted=encrypted)
    finally:
        await stage.close()


async def fetched(reader: Person, room: str, event: str) -> Received:
    """Wait until a file has arrived, and fetch it."""
    expected = f"{reader.user_id} has the file of {event}"
    file = await until(lambda: reader.fetch_file(room, event), lambda file: file is not None, expected)
    assert file is not None
    return file


def arrived(found: Received, sent: Attachment, *, encrypted: bool) -> None:
    """The same arrived that was sent; a thumbnail with pictures only, and of the asked size."""
    assert (found.name, found.content_type) == (sent.name, sent.content_type)
    assert found.is_encrypted is encrypted
    assert found.content == sent.content
    assert (None if found.thumbnail is None else size_of(found.thumbnail)) == (THUMBNAIL if sent.size else None)
