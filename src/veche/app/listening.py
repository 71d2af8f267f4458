"""Sockets to listen on: bound before anything is promised, so that a port that is taken stops the start."""

import ipaddress
import socket


def bound_socket(host: str, port: int) -> socket.socket:
    """Return a socket bound to a host and port; ``::`` means IPv4 too. Raises ``OSError``."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    try:
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    bound.set_inheritable(True)
    return bound


def is_loopback(bound: socket.socket) -> bool:
    """Say whether a bound socket can be reached from this machine only."""
    return ipaddress.ip_address(bound.getsockname()[0].partition("%")[0]).is_loopback
