"""HTTPS on the real server: who is let in, and how its certificate changes while people talk."""

import asyncio
import hashlib
import os
import socket
import ssl
import stat
import subprocess
import sys
import threading
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography import x509

from tests.cast import ANNA, BORIS
from tests.effort import effort
from tests.scenarios.test_cli import failed, said
from tests.stage.certificates import (
    Paper,
    foreign_authority,
    foreign_leaf,
    odd_key,
    rsa_key,
    written,
)
from tests.stage.databases import Place
from tests.stage.people import Person
from tests.stage.ports import free_port
from tests.stage.server import ROOT, Server
from tests.stage.sockets import RealTown
from veche.integrations.certificates.records import fingerprint, names_of

pytestmark = pytest.mark.settings(tls="on", trust_port=0)


@asynccontextmanager
async def town(server: Server) -> AsyncIterator[RealTown]:
    """The people of a server, who trust its authority and nothing else."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as session:
        yield RealTown(server, session)


def shown(server: Server) -> x509.Certificate:
    """The certificate that a new connection is greeted with."""
    unsure = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unsure.check_hostname, unsure.verify_mode = False, ssl.CERT_NONE
    with hello(server, unsure) as line:
        found = line.getpeercert(binary_form=True)
    assert found is not None
    return x509.load_der_x509_certificate(found)


@contextmanager
def hello(server: Server, context: ssl.SSLContext, name: str = "127.0.0.1") -> Iterator[ssl.SSLSocket]:
    """Connect as a client with this context."""
    plain = socket.create_connection(("127.0.0.1", server.port))
    with plain, context.wrap_socket(plain, server_hostname=name) as line:
        yield line


async def room_of_two(people: RealTown) -> tuple[Person, Person, str]:
    """Anna and Boris in a room."""
    anna, boris = await people.person(ANNA), await people.person(BORIS)
    room = (await anna.post("/createRoom", {"preset": "public_chat"})).ok()["room_id"]
    (await boris.post(f"/join/{room}")).ok()
    return anna, boris, room


async def test_who_trusts_the_authority_comes_in_by_every_name(server: Server) -> None:
    async with town(server) as people:
        anna, boris, room = await room_of_two(people)
        (await anna.put(f"/rooms/{room}/send/m.room.message/1", {"body": "hello"})).ok()
        seen = (await boris.get(f"/rooms/{room}/messages", dir="b", limit=1)).ok()
        assert seen["chunk"][0]["content"]["body"] == "hello"
        known = (await people.call("GET", "/.well-known/matrix/client")).ok()
        assert known["m.homeserver"]["base_url"] == server.url
        health = (await people.call("GET", "/health")).ok()["certificate"]
        assert health == {"is_given": False, "days_left": 395, "ends_soon": False}
    trusting = server.trust()
    assert trusting is not None
    for name in ("127.0.0.1", "localhost", "veche.test", socket.gethostname().lower()):
        with hello(server, trusting, name) as line:
            assert line.version() == "TLSv1.3"
    with pytest.raises(ssl.SSLCertVerificationError), hello(server, trusting, "other.test"):
        pass


async def test_who_does_not_is_stopped_by_his_own_client(server: Server) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get(f"{server.url}/health")
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get(f"{server.url}/health", ssl=ssl.create_default_context())
    assert await asyncio.to_thread(lambda: names_of(shown(server))[0]) == "veche.test"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_versions_are_not_spoken(server: Server, version: ssl.TLSVersion) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that these are old is the point
        context = ssl.create_default_context(cafile=server.authority)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = version
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionResetError)), hello(server, context):
        pass
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with hello(server, context) as line:
        assert line.version() == "TLSv1.2"


def test_plain_http_gets_an_answer_that_helps(server: Server) -> None:
    for accept, first in (("*/*", b"HTTP/1.1 400 "), ("text/html", b"HTTP/1.1 307 ")):
        with socket.create_connection(("127.0.0.1", server.port)) as line:
            line.sendall(f"GET /x HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\n\r\n".encode())
            assert line.makefile("rb").read().startswith(first)


async def test_a_certificate_is_renewed_while_people_wait(server: Server) -> None:
    async with town(server) as people:
        anna, boris, room = await room_of_two(people)
        since = (await boris.get("/sync")).ok()["next_batch"]
        poll = boris.begin("GET", "/sync", since=since, timeout=60_000)
        (await anna.put(f"/rooms/{room}/send/m.room.message/1", {"body": "before"})).ok()
        since = (await poll.answer()).ok()["next_batch"]
        poll = boris.begin("GET", "/sync", since=since, timeout=60_000)
        before = await asyncio.to_thread(shown, server)
        printed = await asyncio.to_thread(said, "tls", "renew", "--data", str(server.place.data))
        after = await asyncio.to_thread(shown, server)
        assert fingerprint(after) != fingerprint(before)
        assert fingerprint(after) in printed
        assert names_of(after) == names_of(before)
        assert poll.is_waiting
        (await anna.put(f"/rooms/{room}/send/m.room.message/2", {"body": "after"})).ok()
        timeline = (await poll.answer()).ok()["rooms"]["join"][room]["timeline"]["events"]
        assert timeline[-1]["content"]["body"] == "after"
    async with town(server) as strangers:
        assert (await strangers.call("GET", "/health")).ok()["certificate"]["is_given"] is False


def leaf_of(server: Server) -> x509.Certificate:
    """The certificate that lies in the folder."""
    return x509.load_pem_x509_certificate((server.authority.parent / "leaf.crt").read_bytes())


def test_what_status_tells(server: Server) -> None:
    place = ("--data", str(server.place.data))
    running = said("tls", "status", *place)
    server.stop()
    stopped = said("tls", "status", *place)
    assert "HTTPS is not spoken now" in stopped
    assert stopped.endswith(running), "the rest is the same"
    authority = x509.load_pem_x509_certificate(server.authority.read_bytes())
    told = (fingerprint(leaf_of(server)), fingerprint(authority), "the server's own", "veche.test", "395 days from now")
    assert all(word in running for word in told)


def test_a_certificate_is_renewed_while_the_server_rests(server: Server) -> None:
    server.stop()
    before = fingerprint(leaf_of(server))
    said("tls", "renew", "--data", str(server.place.data))
    server.start()
    assert fingerprint(shown(server)) == fingerprint(leaf_of(server)) != before


def test_the_start_says_where_and_what_to_trust(server: Server) -> None:
    authority = x509.load_pem_x509_certificate(server.authority.read_bytes())
    greeting = server.last_words()
    assert f"Veche serves veche.test on {server.url}" in greeting
    assert f"SHA-256 fingerprint {fingerprint(authority)}" in greeting
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in server.authority.parent.iterdir()}
    assert modes == dict.fromkeys(("ca.crt", "ca.key", "leaf.crt", "leaf.key"), 0o600)


def test_loopback_needs_no_certificate(place: Place) -> None:
    server = Server(place).start()
    data = str(server.place.data)
    assert server.url.startswith("http://")
    assert not server.authority.exists()
    assert "There is no certificate" in said("tls", "status", "--data", data)
    authority = foreign_authority()
    leaf = foreign_leaf(authority)
    paths = map(str, written(place.data.parent, "given", leaf.pem + authority.pem, leaf.key_pem()))
    assert "is installed" in said("tls", "install", *paths, "--data", data)
    assert server.stop() == 0
    server = Server(place, tls="on", trust_port=0)
    server.authority.write_bytes(authority.pem)  # what its clients trust
    assert server.start().stop() == 0


def installed(server: Server, folder: Path, chain: bytes, key: bytes) -> str:
    """Install a certificate and return what is printed."""
    paths = map(str, written(folder, "brought", chain, key))
    return said("tls", "install", *paths, "--data", str(server.place.data))


async def test_a_given_certificate_is_shown_without_a_restart(server: Server, tmp_path: Path) -> None:
    authority = foreign_authority()
    between = foreign_authority("Between", signer=authority)
    leaf = foreign_leaf(between, ("veche.test", "127.0.0.1"), ends=20)
    trusting = ssl.create_default_context(cadata=authority.pem.decode())
    async with town(server) as people, town(server) as others:
        anna, boris, room = await room_of_two(people)
        boris = Person(others, boris.asker, boris.token)  # on a connection of his own: nobody will make another
        since = (await boris.get("/sync")).ok()["next_batch"]
        poll = boris.begin("GET", "/sync", since=since, timeout=60_000)
        printed = await asyncio.to_thread(installed, server, tmp_path, leaf.pem + between.pem, leaf.key_pem())
        assert "a given one" in printed
        assert "19 days from now" in printed
        async with aiohttp.ClientSession() as session, session.get(f"{server.url}/health", ssl=trusting) as answer:
            assert (await answer.json())["certificate"] == {"is_given": True, "days_left": 19, "ends_soon": True}
        (await anna.put(f"/rooms/{room}/send/m.room.message/1", {"body": "hello"})).ok()
        assert (await poll.answer()).ok()["rooms"]["join"][room]
    refusal = await asyncio.to_thread(failed, "tls", "renew", "--data", str(server.place.data))
    assert "was given and is not renewed here" in refusal
    await asyncio.to_thread(server.stop)
    server.authority.write_bytes(authority.pem)
    await asyncio.to_thread(server.start)
    assert "the certificate for veche.test, 127.0.0.1 ends in 19 days; bring another" in server.last_words()


AUTHORITY = foreign_authority()
HOSTS = ("veche.test", "127.0.0.1")


def bad_wishes() -> Iterator[tuple[bytes, bytes, str]]:
    """Chains and keys that must be refused, and the reason."""
    good = foreign_leaf(AUTHORITY, HOSTS)
    chain = good.pem + AUTHORITY.pem

    def leaf(**wish: Any) -> Paper:
        return foreign_leaf(AUTHORITY, HOSTS, **wish)

    yield chain, leaf().key_pem(), "does not belong to the certificate"
    yield AUTHORITY.pem + good.pem, good.key_pem(), "wrong order"
    old = leaf(begins=-9, ends=-1)
    yield old.pem + AUTHORITY.pem, old.key_pem(), "ended on"
    yield chain, good.key_pem(b"secret"), "protected by a passphrase"
    weak = leaf(key=rsa_key(1024))
    yield weak.pem, weak.key_pem(), "1024 bits"
    odd = leaf(key=odd_key())
    yield odd.pem, odd.key_pem(), "not all clients know"
    other = foreign_leaf(AUTHORITY, ("mail.test",))
    yield other.pem, other.key_pem(), "is for mail.test, and this server is veche.test"
    yield b"\x00\xff" * 99, good.key_pem(), "holds no certificate in PEM form"
    yield b"", good.key_pem(), "is empty"
    yield chain, b"", "is empty"
    yield b"x" * (2**20 + 1), good.key_pem(), "is larger than"


def test_bad_certificates_are_refused_in_one_line_and_the_old_one_stays(server: Server, tmp_path: Path) -> None:
    place = ("--data", str(server.place.data))
    files = {path.name: path.read_bytes() for path in server.authority.parent.iterdir()}
    for chain, key, reason in bad_wishes():
        paths = map(str, written(tmp_path, "bad", chain, key))
        assert reason in failed("tls", "install", *paths, *place)
    good = foreign_leaf(AUTHORITY, HOSTS)
    certificate, key_file = written(tmp_path, "good", good.pem, good.key_pem())
    assert "is no file" in failed("tls", "install", str(tmp_path), str(key_file), *place)
    assert "is no file" in failed("tls", "install", str(certificate), "/dev/zero", *place)
    assert "No such file" in failed("tls", "install", str(certificate), str(tmp_path / "none"), *place, code=2)
    key_file.chmod(0o644)
    assert "everybody on this machine may read" in failed("tls", "install", str(certificate), str(key_file), *place)
    assert {path.name: path.read_bytes() for path in server.authority.parent.iterdir()} == files
    trusting = server.trust()
    assert trusting is not None
    with hello(server, trusting):
        pass
    assert "Traceback" not in server.last_words()


@pytest.mark.parametrize(
    ("name", "text"),
    [("ca.key", b""), ("ca.crt", b"garbage"), ("leaf.crt", None), ("leaf.key", b"\x00" * 300), ("given.crt", b"x")],
)
def test_a_folder_that_cannot_be_used_stops_the_start(server: Server, name: str, text: bytes | None) -> None:
    server.stop()
    path = server.authority.parent / name
    path.unlink(missing_ok=True)
    if text is not None:
        path.write_bytes(text)
    words = ("serve", "--data", str(server.place.data), "--port", "0", "--set", "tls=on", "--set", "trust_port=0")
    assert str(server.authority.parent) in failed(*words)


def test_a_given_certificate_that_has_ended_stops_the_start(server: Server) -> None:
    server.stop()
    old = foreign_leaf(AUTHORITY, HOSTS, begins=-9, ends=-1)
    folder = server.authority.parent
    (folder / "given.crt").write_bytes(old.pem)
    (folder / "given.key").write_bytes(old.key_pem())
    words = ("serve", "--data", str(server.place.data), "--port", "0", "--set", "tls=on", "--set", "trust_port=0")
    assert "ended on" in failed(*words)
    (folder / "given.key").write_bytes(AUTHORITY.key_pem())
    assert "does not belong" in failed(*words)


def test_names_that_nobody_can_have_stop_the_start(server: Server) -> None:
    server.stop()
    words = ("serve", "--data", str(server.place.data), "--port", "0", "--set", "tls=on", "--set", "trust_port=0")
    assert "tls_names: " in failed(*words, "--set", "tls_names=*.veche.test", code=2)


def test_other_names_after_a_restart(server: Server) -> None:
    server.stop()
    again = Server(server.place, tls="on", trust_port=0, tls_names="почта.veche.test, fd00::99").start()
    trusting = again.trust()
    assert trusting is not None
    for name in ("xn--80a1acny.veche.test", "fd00::99", "127.0.0.1"):
        with hello(again, trusting, name):
            pass
    again.stop()


def test_silent_half_and_wrong_handshakes_hold_up_nobody(server: Server) -> None:
    lines = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(300)]
    for number, line in enumerate(lines):
        line.sendall((b"", b"\x16\x03\x01\x02\x00\x01", b"\x16\x03\x01\x00\x05wrong", b"nonsense")[number % 4])
    trusting = server.trust()
    assert trusting is not None
    for _ in range(20):
        with hello(server, trusting) as line:
            line.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert line.recv(12) == b"HTTP/1.1 200"
    for line in lines:
        line.close()
    assert "ERROR" not in server.last_words()


def test_whoever_is_killed_while_renewing_starts_again(server: Server) -> None:
    """Renewals are asked for one after the other until the server is killed, at another moment each time."""
    place = str(server.place.data)
    program = (
        "import sys; from pathlib import Path; from veche.app import control\n"
        "from veche.app.actions import RenewCertificate\n"
        "while control.ask(Path(sys.argv[1]), RenewCertificate()): pass\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    authority = server.authority.read_bytes()
    for number in range(effort("tls_kills")):
        before = fingerprint(shown(server))
        asking = subprocess.Popen([sys.executable, "-c", program, place], env=environment, stderr=subprocess.DEVNULL)
        while fingerprint(shown(server)) == before:
            pass
        threading.Event().wait(number * 0.0007)
        server.kill()
        asking.wait()
        server.start()
        assert server.authority.read_bytes() == authority
        assert sorted(path.name for path in server.authority.parent.iterdir()) == [
            *("ca.crt", "ca.key", "leaf.crt", "leaf.key")
        ]


def test_the_page_about_trust(place: Place) -> None:
    port = free_port()
    server = Server(place, tls="on", trust_port=port).start()
    ask = Asking(port)
    authority = x509.load_pem_x509_certificate(server.authority.read_bytes())
    assert f"http://127.0.0.1:{port}" in server.last_words()
    for language, word in (("ru", "Доверять серверу"), ("fr", "Faire confiance"), ("en", "Trust veche.test")):
        for path, accepted in ((f"/?lang={language}", "de"), ("/", f"de, {language}-XX;q=0.8, xx;q=0.1")):
            head, body = ask.get(path, f"Accept-Language: {accepted}")
            assert f"Content-Language: {language}" in head
            assert word in body.decode()
            for group in range(0, 32, 4):
                assert ":".join(fingerprint(authority).split(":")[group : group + 4]) in body.decode()
            assert server.url in body.decode()
    der = ask.get("/ca.crt")
    assert "Content-Type: application/x-x509-ca-cert" in der[0]
    assert hashlib.sha256(der[1]).hexdigest() == fingerprint(authority).replace(":", "").lower()
    pem = ask.get("/ca.pem")
    assert "Content-Type: application/x-pem-file" in pem[0]
    assert pem[1] == server.authority.read_bytes()
    server.stop()


class Asking:
    """Speaks plain HTTP to a port of loopback."""

    def __init__(self, port: int) -> None:
        self.port = port

    def say(self, text: bytes) -> tuple[list[str], bytes]:
        """Send bytes and return the lines of the answer's head, and its body."""
        with socket.create_connection(("127.0.0.1", self.port)) as line:
            line.sendall(text)
            head, _, body = line.makefile("rb").read().partition(b"\r\n\r\n")
            return head.decode().split("\r\n"), body

    def get(self, path: str, *headers: str, method: str = "GET") -> tuple[list[str], bytes]:
        """Ask for a page."""
        return self.say("\r\n".join([f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]).encode())


def test_the_second_port_has_nothing_else(place: Place, tmp_path: Path) -> None:
    port = free_port()
    server = Server(place, tls="on", trust_port=port).start()
    ask = Asking(port)
    for path in (
        "/_matrix/client/versions",
        "/health",
        "/ca.key",
        "/leaf.key",
        "/../tls/ca.key",
        "/ca.crt/",
        "//",
        "/%2e",
    ):
        assert ask.get(path)[0][0] == "HTTP/1.1 404 Not Found", path
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "BREW"):
        assert ask.get("/", method=method)[0][0] == "HTTP/1.1 405 Method Not Allowed"
    head, body = ask.get("/", method="HEAD")
    assert head[0] == "HTTP/1.1 200 OK"
    assert body == b""
    for nonsense in (
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 3000 + b"\r\n",
        b"GET x HTTP/1.1\r\n\r\n",
    ):
        assert ask.say(nonsense)[0][0] == "HTTP/1.1 400 Bad Request"
    text = "".join(ask.get("/", "Host: evil.test", 'User-Agent: "><script>')[0]) + ask.get("/")[1].decode()
    assert "<script" not in text
    assert "evil" not in text
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(50)]
    assert ask.get("/")[0][0] == "HTTP/1.1 200 OK"
    for line in silent:
        line.close()

    leaf = foreign_leaf(AUTHORITY, HOSTS)
    installed(server, tmp_path, leaf.pem + AUTHORITY.pem, leaf.key_pem())
    head, _ = ask.get("/")
    assert head[0] == "HTTP/1.1 302 Found"
    assert f"Location: {server.url}" in head
    assert ask.get("/ca.crt")[0][0] == "HTTP/1.1 404 Not Found"
    server.stop()


def test_a_second_port_that_is_taken_stops_the_start(place: Place) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        words = ("serve", "--data", str(place.data), "--port", "0", "--set", "tls=on", "--set", "log_level=warning")
        assert f"trust_port {port} cannot be used" in failed(*words, "--set", f"trust_port={port}", code=2)
