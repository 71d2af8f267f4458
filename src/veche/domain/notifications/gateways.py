"""Which push gateways clients may name: read from the setting, asked for each URL.

A URL is taken only in one plain form, and its host only as it is listed, so that no two readers can take it for
different places. Where a name leads is checked when it is called (``integrations/outgoing``).
"""

import ipaddress
import re
from typing import Final

import msgspec

from veche.domain.refusals import Refusal, invalid_param

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

NOTIFY_PATH: Final = "/_matrix/push/v1/notify"
LONGEST_URL: Final = 1024

_URL: Final = re.compile(r"(?ai:(https?)://(\[[0-9a-f:.]+\]|[a-z0-9.-]+))(?::([1-9][0-9]{0,4}))?(/[A-Za-z0-9/_.~-]*)?")
_NAME: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_PORTS: Final = {"https": 443, "http": 80}


class Gateway(msgspec.Struct, frozen=True):
    """Where a URL leads: ``host`` is a name or an address (one of IPv6 in brackets)."""

    scheme: str
    host: str
    port: int
    path: str = ""

    @property
    def origin(self) -> str:
        """The part of the URL before the path."""
        return f"{self.scheme}://{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole URL, always with its port."""
        return self.origin + self.path


class Gateways(msgspec.Struct, frozen=True):
    """What the administrator allows: gateways, their paths as prefixes, and networks they may be found in."""

    allowed: tuple[Gateway, ...] = ()
    networks: tuple[Network, ...] = ()


class BadGateway(ValueError):
    """An entry of the setting that names no gateway and no network; the message is one clear line."""


def gateways_from(text: str) -> Gateways:
    """Read the setting: entries parted by commas or spaces; raises ``BadGateway``.

    An entry is a URL, a host, host:port (both mean HTTPS), or an address or network where gateways may be found. A
    gateway that is named by its address may be found there.
    """
    allowed: list[Gateway] = []
    networks: list[Network] = []
    for entry in text.replace(",", " ").split():
        network = _network(entry)
        if network is not None:
            networks.append(network)
            continue
        is_url = "://" in entry
        gateway = _gateway(entry if is_url else f"https://{entry}")
        if gateway is None or (gateway.path and not is_url):
            raise BadGateway(f"push_gateways: {entry} is neither the address of a gateway nor a network")
        allowed.append(gateway)
        networks += [own] if (own := _network(gateway.host.strip("[]"))) is not None else []
    return Gateways(tuple(allowed), tuple(networks))


def gateway_of(gateways: Gateways, url: object) -> Gateway | Refusal:
    """Return where the URL of a pusher leads; 400 M_INVALID_PARAM for one that may not be called.

    Its path must be ``/_matrix/push/v1/notify`` (section Push Notifications).
    """
    gateway = _gateway(url) if isinstance(url, str) and len(url) <= LONGEST_URL else None
    if gateway is None or gateway.path != NOTIFY_PATH:
        return invalid_param(f"The url of a push gateway is https://host{NOTIFY_PATH}, without anything more.", "data")
    if not any(_covers(allowed, gateway) for allowed in gateways.allowed):
        return invalid_param("This server sends no notifications to that gateway.", "data")
    return gateway


def _covers(allowed: Gateway, gateway: Gateway) -> bool:
    if (allowed.scheme, allowed.host, allowed.port) != (gateway.scheme, gateway.host, gateway.port):
        return False
    return gateway.path == allowed.path or gateway.path.startswith(allowed.path.rstrip("/") + "/")


def _gateway(url: str) -> Gateway | None:
    parts = _URL.fullmatch(url)
    if parts is None:
        return None
    scheme, host, port, path = parts[1].lower(), parts[2].lower(), parts[3], parts[4]
    number = int(port or _PORTS[scheme])
    if number > 65_535 or not _is_plain(host) or "/." in (path or ""):
        return None
    return Gateway(scheme, host, number, path or "")


def _is_plain(host: str) -> bool:
    """Say whether a host is a name, or an address in its usual form: not 127.1, 0x7f.1, 2130706433 or ::0001."""
    if host[0] == "[":
        address = _address(host[1:-1])
        return address is not None and host == f"[{address}]"
    return len(host) <= 253 and (_NAME.fullmatch(host) is not None or _address(host) is not None)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None
