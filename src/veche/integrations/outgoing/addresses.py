"""Which addresses an outgoing call may reach: those of the open internet, others only where they are listed."""

import ipaddress
from collections.abc import Iterable
from typing import Final

from veche.domain.notifications.gateways import Network


def may_be_reached(address: str, listed: Iterable[Network]) -> bool:
    """Say whether a call may go to ``address``; ``listed`` are networks beyond the open internet.

    What means another address (mapped, translated or tunnelled IPv4), nobody or everybody is refused always.
    """
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return False
    if getattr(known, "scope_id", None) is not None or _is_in(known, _NEVER):
        return False
    if _is_in(known, listed):
        return True
    return not _is_in(known, _NOT_PUBLIC) and (known.version == 4 or known in _PUBLIC_IPV6)


def _is_in(address: ipaddress.IPv4Address | ipaddress.IPv6Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(name) for name in text.split())


_NEVER: Final = _networks(
    "0.0.0.0/8 224.0.0.0/4 240.0.0.0/4 ::/127 ::/96 ::ffff:0:0/96 ::ffff:0:0:0/96 64:ff9b::/96 64:ff9b:1::/48"
    " 2001::/32 2002::/16 fe80::/10 fec0::/10 ff00::/8"
)
_NOT_PUBLIC: Final = _networks(
    "10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24"
    " 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 2001::/23 2001:db8::/32 3fff::/20"
)
_PUBLIC_IPV6: Final = ipaddress.ip_network("2000::/3")
