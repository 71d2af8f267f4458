"""Serving HTTPS: uvicorn with our own way of accepting connections, and what is said of it at the start."""

import contextlib
import functools
import socket
from collections.abc import Iterator
from typing import cast

import uvicorn

from veche.app.https.acceptor import Acceptor
from veche.app.https.certificates import Certificates
from veche.app.https.trust import Place, showing
from veche.app.settings import Values
from veche.integrations.certificates.records import fingerprint

_MOST_ADDRESSES = 6
_EVERYWHERE = ("0.0.0.0", "::")
_HERE_ONLY = ("localhost", "127.0.0.1", "::1")


class Secure:
    """HTTPS on one bound address. Makes the certificate where there is none; raises ``BadCertificate``."""

    def __init__(self, certificates: Certificates, values: Values, server_name: str, host: str, port: int) -> None:
        self._certificates = certificates
        self._host = host
        self._place = Place(server_name, port, values["trust_port"], values["public_address"])
        certificates.open()

    def server(self, config: uvicorn.Config) -> uvicorn.Server:
        """Return the server."""
        return SecureServer(config, self._certificates)

    def page(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Serve the page about trust beside it."""
        return showing(self._certificates, self._place, self._host)

    def greeting(self) -> list[str]:
        """Return what is said at the start: where the server is found, what to trust, and where that is explained."""
        port = self._place.https_port
        hosts = [self._host] if self._host not in _EVERYWHERE else self._callable()[:_MOST_ADDRESSES]
        lines = [
            f"https://{_shown(hosts[0])}:{port}",
            *(f"  also on https://{_shown(host)}:{port}" for host in hosts[1:]),
        ]
        authority = self._certificates.shown.authority
        if authority is None:
            return lines
        lines.append(f"Its certificate authority has the SHA-256 fingerprint {fingerprint(authority.certificate)}")
        if self._place.page_port:
            lines.append(f"How to trust it, for everybody: http://{_shown(hosts[0])}:{self._place.page_port}")
        return lines

    def _callable(self) -> list[str]:
        """Return names by which other machines reach this one: what was chosen, then addresses, then names."""
        names = self._certificates.names
        found = [name for name in names.all if name not in _HERE_ONLY] or ["localhost"]
        return sorted(
            found, key=lambda name: (name not in names.chosen, not name.replace(".", "").isdigit(), ":" in name)
        )


class SecureServer(uvicorn.Server):
    """uvicorn, except that connections come through the handshake first, and that signals are ours."""

    def __init__(self, config: uvicorn.Config, certificates: Certificates) -> None:
        super().__init__(config)
        self._certificates = certificates

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept on the given sockets."""
        self.servers = []
        protocol = functools.partial(
            cast(type, self.config.http_protocol_class),
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )
        for listening in sockets or []:
            acceptor = Acceptor(listening, protocol, lambda: self._certificates.context)
            acceptor.start()
            self.servers.append(acceptor)  # type: ignore[arg-type]  # it has what uvicorn asks of a server
        self.started = True


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
