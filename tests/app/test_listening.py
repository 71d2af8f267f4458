"""Where the server listens: one protocol's addresses, or both, and who can reach them."""

import socket

import pytest

from veche.app.listening import bound_socket, is_loopback


@pytest.mark.parametrize(
    ("host", "is_here_only"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("::", False)],
)
def test_what_counts_as_loopback(host: str, is_here_only: bool) -> None:
    with bound_socket(host, 0) as bound:
        assert is_loopback(bound) is is_here_only


def test_everywhere_means_both_protocols() -> None:
    with bound_socket("::", 0) as bound:
        assert bound.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 0
    with bound_socket("0.0.0.0", 0) as bound:
        assert bound.family == socket.AF_INET


def test_a_port_that_is_taken() -> None:
    with bound_socket("127.0.0.1", 0) as bound:
        bound.listen()
        with pytest.raises(OSError, match="Address already in use"):
            bound_socket("127.0.0.1", bound.getsockname()[1])
