"""What this server is called: the host names and addresses that its certificate is for. Makes no certificate."""

import ipaddress
import re
import socket
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

import ifaddr

from veche.app.settings import BadSetting, Values
from veche.integrations.certificates import Names

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_LONGEST_NAME = 253
_MOST_ADDRESSES = 200
"""A machine full of containers has many; a certificate with too many names slows every handshake down."""
_LOCAL = ("localhost", "127.0.0.1", "::1")


class BadName(Exception):
    """Not a host name or address of one server."""


def server_names(values: Values, server_name: str) -> Names:
    """Return what the server is called now: what was set first, then what the machine knows of itself.

    Raises ``BadSetting`` for a name nobody can have.
    """
    chosen = tuple(dict.fromkeys(chosen_names(values)))
    known = (host_of(server_name), socket.gethostname(), values["host"], *_addresses(address_of(values["host"])))
    own = (name for name in map(_or_none, known) if name is not None and not _is_wildcard(name))
    return Names(tuple(dict.fromkeys((*chosen, *own))), chosen)


def chosen_names(values: Values) -> Iterator[str]:
    """Yield the names that somebody has set; raises ``BadSetting``."""
    address: str = values["public_address"]
    given = {"public_address": [urlsplit(address).hostname or ""] if address else []}
    given["tls_names"] = values["tls_names"].replace(",", " ").split()
    for setting, names in given.items():
        for name in names:
            try:
                yield plain_name(name)
            except BadName as fault:
                raise BadSetting(f"{setting}: {fault}") from None


def plain_name(name: str) -> str:
    """Return a host name in ASCII and small letters, or an address in its shortest form; raises ``BadName``."""
    try:
        return str(ipaddress.ip_address(name.strip("[]")))
    except ValueError:
        pass
    if "*" in name:
        raise BadName(f"{name} stands for many; the own certificate is for whole names only")
    try:
        found = name.rstrip(".").encode("idna").decode().lower()
    except UnicodeError:
        found = ""
    last = found.rpartition(".")[2]
    if len(found) > _LONGEST_NAME or not _HOST_NAME.fullmatch(found) or last.isdigit():
        raise BadName(f"{name} is neither a host name nor an address")
    return found


def host_of(server_name: str) -> str:
    """Return the host of a server's name, which may have a port."""
    host, colon, port = server_name.rpartition(":")
    return (host if colon and port.isdigit() and not host.endswith(":") else server_name).strip("[]")


def address_of(host: str) -> str:
    """Return the address that a host to listen on means; raises ``OSError`` where it means none."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0]).partition("%")[0]


def _addresses(bound: str) -> Iterable[str]:
    """Return the addresses under which a bound address is reached."""
    address = ipaddress.ip_address(bound)
    if address.is_loopback:
        return (str(address), *_LOCAL)
    if not address.is_unspecified:
        return (str(address),)
    found = sorted(set(_of_machine()), key=lambda each: (each.version, each))
    fits = [str(each) for each in found if each.version <= address.version]  # `::` takes both kinds
    return (*fits[:_MOST_ADDRESSES], *_LOCAL)


def _of_machine() -> Iterator[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """Yield the addresses of the machine's interfaces, without those that mean something on one cable only."""
    for adapter in ifaddr.get_adapters():
        for each in adapter.ips:
            address = ipaddress.ip_address(each.ip if isinstance(each.ip, str) else each.ip[0])
            if not address.is_loopback and not (address.version == 6 and address.is_link_local):
                yield address


def _or_none(name: str) -> str | None:
    try:
        return plain_name(name)
    except BadName:
        return None


def _is_wildcard(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_unspecified
    except ValueError:
        return False
