"""What the server is called: by whom it was named, by what it listens on, by what its machine knows."""

import socket
from typing import Any

import ifaddr
import pytest

from veche.app.https.names import BadName, host_of, plain_name, server_names
from veche.app.settings import BadSetting, defaults


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine called Office_1 with a wire, a wire without a server of addresses, and containers."""
    own: dict[str, list[str | tuple[str, int, int]]] = {
        "lo": ["127.0.0.1", ("::1", 0, 0)],
        "eth0": ["192.168.1.20", ("fd00::20", 0, 0), ("fe80::1", 0, 2)],
        "eth1": ["169.254.3.4"],
        "docker0": ["172.17.0.1", "192.168.1.20"],
    }
    adapters = [ifaddr.Adapter(name, name, [ifaddr.IP(ip, 24, name) for ip in ips]) for name, ips in own.items()]
    monkeypatch.setattr(ifaddr, "get_adapters", lambda: adapters)
    monkeypatch.setattr(socket, "gethostname", lambda: "Office-1")


def names(server_name: str = "office.example", **values: Any) -> tuple[str, ...]:
    """All names under these settings."""
    return server_names(defaults() | values, server_name).all


WIRES = ("169.254.3.4", "172.17.0.1", "192.168.1.20")
LOCAL = ("localhost", "127.0.0.1", "::1")


def test_everywhere_means_all_addresses_of_the_machine() -> None:
    assert names(host="0.0.0.0") == ("office.example", "office-1", *WIRES, *LOCAL)
    assert names(host="::") == ("office.example", "office-1", *WIRES, "fd00::20", *LOCAL)


def test_one_address_means_that_one() -> None:
    assert names(host="192.168.1.20") == ("office.example", "office-1", "192.168.1.20")
    assert names(host="127.0.0.1") == ("office.example", "office-1", "127.0.0.1", "localhost", "::1")
    assert names(host="localhost") == ("office.example", "office-1", "localhost", "127.0.0.1", "::1")


def test_what_was_set_comes_first() -> None:
    found = server_names(
        defaults()
        | {
            "host": "192.168.1.20",
            "public_address": "https://Chat.Example.org:8443/",
            "tls_names": "ПОЧТА.example, [FD00::0:7],10.0.0.1 office-1.",
        },
        "[fd00::9]:8448",
    )
    chosen = ("chat.example.org", "xn--80a1acny.example", "fd00::7", "10.0.0.1", "office-1")
    assert found.chosen == chosen
    assert found.all == (*chosen, "fd00::9", "192.168.1.20")


def test_a_machine_with_a_name_nobody_can_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "my_machine")
    assert names("localhost", host="127.0.0.1") == ("localhost", "127.0.0.1", "::1")


def test_a_machine_full_of_containers(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [ifaddr.IP(f"10.{number // 250}.0.{number % 250}", 24, "veth") for number in range(1000)]
    monkeypatch.setattr(ifaddr, "get_adapters", lambda: [ifaddr.Adapter("veth", "veth", many)])
    assert len(names(host="0.0.0.0")) < 210


@pytest.mark.parametrize(
    "name", ["*.example.org", "*", "under_score", "-dash", "a..b", "1.2.3", "300.1.1.1", "a b", "x" * 64, "é" * 70, ""]
)
def test_names_that_nobody_can_have(name: str) -> None:
    with pytest.raises(BadName):
        plain_name(name)
    if name.strip() and " " not in name:
        with pytest.raises(BadSetting, match=r"^tls_names: "):
            names(tls_names=f"good.example,{name}")


def test_a_public_address_that_nobody_can_have() -> None:
    with pytest.raises(BadSetting, match=r"^public_address: "):
        names(public_address="https://*.example.org")


@pytest.mark.parametrize(
    ("server_name", "host"),
    [
        ("office", "office"),
        ("office:8448", "office"),
        ("10.0.0.1:8448", "10.0.0.1"),
        ("[fd00::1]", "fd00::1"),
        ("[fd00::1]:8448", "fd00::1"),
    ],
)
def test_the_host_of_a_servers_name(server_name: str, host: str) -> None:
    assert host_of(server_name) == host
