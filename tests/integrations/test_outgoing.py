"""The outgoing client: forms of addresses that reach nothing, and peers that are hostile, slow or silent."""

import asyncio
import ipaddress
import os
import socket
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.stage.certificates import foreign_authority, foreign_leaf, written
from tests.stage.peers import LOOPBACK, peer, read_request, run
from veche.domain.notifications.gateways import (
    NOTIFY_PATH,
    gateways_from,
)
from veche.integrations.gateways import NotDelivered, PushGateways
from veche.integrations.outgoing import Outgoing, Unreachable, may_be_reached

HOSTS_THAT_LEAD_INSIDE = (
    *("127.0.0.1", "127.0.0.2", "127.255.255.254", "localhost", "localhost.", "LOCALHOST", "ip6-localhost"),
    *("127.1", "127.0.1", "0x7f.1", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "00000177.1", "017700000001"),
    *("2130706433", "127.0.0.1.", "0", "0.0.0.0", "00.0.0.0", "0x0", "127.000.000.001", "127。0。0。1", "１２７.0.0.1"),
    *("ⓛocalhost", "ｌocalhost", "loc\u00adalhost", "127.0.0.1%00.example.org", "127.0.0.1%2f.example.org"),
    *(
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[::ffff:0:127.0.0.1]",
    ),
    *("[64:ff9b::127.0.0.1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[fe80::1]"),
    *("[fe80::1%25lo]", "[fe80::1%lo]", "[::1%lo]", "[::1%25lo]", "[ff02::1]", "[fec0::1]", "[fd00::1]", "[100::1]"),
    *("10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255"),
    *(
        "192.0.2.1",
        "198.18.0.1",
        "240.0.0.1",
        "user@127.0.0.1",
        "push.example.org@127.0.0.1",
        "127.0.0.1\\@example.org",
    ),
    *(
        "127.0.0.1#@example.org",
        "127.0.0.1?@example.org",
        "example.org:80@127.0.0.1",
        "",
        "a b",
        "unix:/run/x",
        "%31%32%37.1",
    ),
)
"""Hosts of which none may bring a connection to this machine or network; a port follows."""
OWN_NAMES = {"localhost": "127.0.0.1", "ip6-localhost": "::1"}
PORT = 8448


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Where names lead in this test."""
    known: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def lookup(host: str, port: int, *rest: Any, **more: Any) -> Any:
        if host not in known:
            return real(host, port, *rest, **more)
        return [
            (
                socket.AF_INET6 if ":" in one else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (one, port) + ((0, 0) if ":" in one else ()),
            )
            for one in known[host]
        ]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    return known


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The addresses to which a connection is begun in this test. Nothing leaves this machine.

    No connection is made, and no name server asked: this machine's own names are known, and addresses in any form.
    """
    noted: list[Any] = []
    real = socket.getaddrinfo

    def lookup(host: str, port: int | None, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0) -> Any:
        own = OWN_NAMES.get(host.lower().rstrip("."), host)
        return real(own, port, family, type, proto, flags | socket.AI_NUMERICHOST)

    def connect(_: socket.socket, address: Any) -> None:
        noted.append(address)
        raise ConnectionRefusedError(f"nobody is called in this test, not {address} either")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    monkeypatch.setattr(socket.socket, "connect", connect)
    return noted


@pytest.mark.parametrize("host", HOSTS_THAT_LEAD_INSIDE)
def test_no_form_of_a_host_leads_inside(begun: list[Any], host: str) -> None:
    async def story() -> None:
        outgoing = Outgoing((), "Veche/test")
        for gateways in (
            gateways_from("https://push.example.org"),
            gateways_from(f"http://push.example.org:{PORT}"),
        ):
            with pytest.raises(NotDelivered):
                await PushGateways(gateways, outgoing).push(f"http://{host}:{PORT}{NOTIFY_PATH}", b"{}")
        with pytest.raises(Unreachable):
            await outgoing.post(f"http://{host}:{PORT}", NOTIFY_PATH, b"{}")
        await outgoing.close()

    run(story())
    assert begun == []


@pytest.mark.parametrize("host", ["8.8.8.8", "[2606:4700::1111]"])
def test_a_connection_that_is_begun_is_noted(begun: list[Any], host: str) -> None:
    async def story() -> None:
        outgoing = Outgoing((), "Veche/test")
        with pytest.raises(Unreachable):
            await outgoing.post(f"http://{host}:{PORT}", NOTIFY_PATH, b"{}")
        await outgoing.close()

    run(story())
    assert [address[:2] for address in begun] == [(host.strip("[]"), PORT)]


INSIDE = (
    *("127.0.0.1", "10.0.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.100.100.200", "0.0.0.0"),
    *("224.0.0.1", "255.255.255.255", "198.51.100.1", "203.0.113.1", "192.0.0.1", "192.88.99.1"),
    *("::1", "::", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::1"),
    *(
        "2001::1",
        "2001:db8::1",
        "3fff::1",
        "fd00::1",
        "fe80::1",
        "fe80::1%lo",
        "ff02::1",
        "100::1",
        "5f00::1",
        "not an address",
    ),
)


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_that_are_not_of_the_open_internet(address: str) -> None:
    assert not may_be_reached(address, ())


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "193.0.6.139", "2606:4700::1111", "2a00:1450:4001::1"])
def test_addresses_of_the_open_internet(address: str) -> None:
    assert may_be_reached(address, ())


def test_networks_may_be_listed_and_some_never() -> None:
    everything = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))
    for address in ("10.1.2.3", "127.0.0.1", "169.254.1.1", "::1", "fd00::1"):
        allowed = may_be_reached(address, everything)
        assert allowed is (address != "::1"), address
    for address in (
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "fe80::1",
        "ff02::1",
    ):
        assert not may_be_reached(address, everything), address


def test_a_name_that_leads_inside_even_once_is_not_called(names: dict[str, list[str]]) -> None:
    async def story() -> None:
        async with peer() as (port, brought):
            outgoing = Outgoing(LOOPBACK, "Veche/test")
            for addresses in (["127.0.0.1", "10.0.0.1"], ["::1", "127.0.0.1"], ["127.0.0.1", "::ffff:127.0.0.1"], []):
                names["push.example.org"] = addresses
                with pytest.raises(Unreachable):
                    await outgoing.post(f"http://push.example.org:{port}", NOTIFY_PATH, b"{}")
            assert brought == []
            names["push.example.org"] = ["127.0.0.1"]
            assert (await outgoing.post(f"http://push.example.org:{port}", NOTIFY_PATH, b"{}")).status == 200
            assert len(brought) == 1
            await outgoing.close()

    run(story())


def test_what_was_checked_is_what_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that leads elsewhere when it is looked up again is looked up once for each connection."""
    asked: list[str] = []

    def lookup(host: str, port: int, *rest: Any, **more: Any) -> Any:
        asked.append(host)
        address = "127.0.0.1" if len(asked) % 2 else "127.0.0.2"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    async def story() -> None:
        async with peer() as (port, brought):
            outgoing = Outgoing(LOOPBACK, "Veche/test")
            assert (await outgoing.post(f"http://push.example.org:{port}", NOTIFY_PATH, b"{}")).status == 200
            with pytest.raises(Unreachable):
                await outgoing.post(f"http://push.example.org:{port}", NOTIFY_PATH, b"{}")
            assert len(brought) == 1
            assert len(asked) == 2
            await outgoing.close()

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    run(story())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    async def story() -> None:
        async with peer() as (inside, brought):

            async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await read_request(reader)
                where = f"http://127.0.0.1:{inside}/"
                writer.write(f"HTTP/1.1 {status} X\r\nlocation: {where}\r\ncontent-length: 0\r\n\r\n".encode())

            async with peer(redirect) as (port, _):
                outgoing = Outgoing(LOOPBACK, "Veche/test")
                gateways = PushGateways(gateways_from(f"http://127.0.0.1:{port}"), outgoing)
                with pytest.raises(NotDelivered, match=str(status)):
                    await gateways.push(f"http://127.0.0.1:{port}{NOTIFY_PATH}", b"{}")
                await outgoing.close()
        assert brought == []

    run(story())


def test_proxies_of_the_environment_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        async with peer() as (proxy, brought), peer() as (port, reached):
            for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
                monkeypatch.setenv(name, f"http://127.0.0.1:{proxy}")
            outgoing = Outgoing(LOOPBACK, "Veche/test")
            assert (await outgoing.post(f"http://127.0.0.1:{port}", NOTIFY_PATH, b"{}")).status == 200
            await outgoing.close()
        assert (len(brought), len(reached)) == (0, 1)

    run(story())


def test_a_certificate_is_checked_and_authorities_may_be_added(tmp_path: Path) -> None:
    elsewhere = foreign_authority()
    leaf = foreign_leaf(elsewhere, ("127.0.0.1",))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*written(tmp_path, "peer", leaf.pem, leaf.key_pem()))
    authority = tmp_path / "authority.pem"
    authority.write_bytes(elsewhere.pem)

    async def story() -> None:
        async with peer(tls=context) as (port, _):
            added: list[Path] = []
            outgoing = Outgoing(LOOPBACK, "Veche/test", lambda: added)
            with pytest.raises(Unreachable, match="certificate"):
                await outgoing.post(f"https://127.0.0.1:{port}", NOTIFY_PATH, b"{}")
            added.append(authority)
            assert (await outgoing.post(f"https://127.0.0.1:{port}", NOTIFY_PATH, b"{}")).status == 200
            authority.with_suffix(".new").write_bytes(foreign_authority().pem)
            authority.with_suffix(".new").replace(authority)
            with pytest.raises(Unreachable, match="certificate"):
                await outgoing.post(f"https://127.0.0.1:{port}", NOTIFY_PATH, b"{}")
            await outgoing.close()

    run(story())


def test_a_file_that_is_no_certificate_stops_every_call(tmp_path: Path) -> None:
    bad = tmp_path / "bad.pem"
    bad.write_text("no certificate")

    async def story() -> None:
        async with peer() as (port, brought):
            outgoing = Outgoing(LOOPBACK, "Veche/test", lambda: [bad])
            for _ in range(2):
                with pytest.raises(Unreachable):
                    await outgoing.post(f"http://127.0.0.1:{port}", NOTIFY_PATH, b"{}")
            await PushGateways(gateways_from(""), outgoing).close()
            await Outgoing((), "Veche/test").close()
        assert brought == []

    run(story())


_WHAT_IS_LOADED = """
import sys
import veche.app.wiring
assert "aiohttp" not in sys.modules
"""


def test_nothing_is_loaded_before_the_first_call() -> None:
    path = os.pathsep.join(place for place in sys.path if place)
    subprocess.run([sys.executable, "-c", _WHAT_IS_LOADED], check=True, env={**os.environ, "PYTHONPATH": path})
