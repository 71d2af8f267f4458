"""The second port: plain HTTP that shows the page about trust and hands out the authority's certificate, no more.

With a given certificate there is nothing of ours to trust: whoever calls is sent to HTTPS.
"""

import asyncio
import contextlib
import datetime
import os
from collections.abc import AsyncIterator, Mapping
from urllib.parse import parse_qs, urlsplit

import msgspec

from veche.api.http.requests import chosen_language
from veche.api.web.trust import TrustFacts, trust_page
from veche.app.https.certificates import Certificates
from veche.app.https.names import BadName, plain_name
from veche.app.listening import bound_socket
from veche.integrations.certificates.checking import covers
from veche.integrations.certificates.records import chain_pem, der, describe, names_of

_LONGEST_REQUEST = 8_192
_SECONDS = 10
_MOST_AT_ONCE = 200


class Place(msgspec.Struct, frozen=True):
    """Where HTTPS and the page are: ports, what clients should use where that is set, and the server's name."""

    server_name: str
    https_port: int
    page_port: int
    public_address: str


class _Asked(msgspec.Struct, frozen=True):
    """A request: ``headers`` by their names in small letters."""

    method: str
    path: str
    language: str | None
    headers: Mapping[str, str]


class _Answer(msgspec.Struct, frozen=True):
    status: str
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()


_NOT_FOUND = _Answer("404 Not Found", b"There is nothing here.\n")
_NO_REQUEST = _Answer("400 Bad Request", b"This is not an HTTP request.\n")
_ONLY_READING = _Answer(
    "405 Method Not Allowed", b"Only GET and HEAD are known here.\n", headers=(("Allow", "GET, HEAD"),)
)


@contextlib.asynccontextmanager
async def showing(certificates: Certificates, place: Place, host: str) -> AsyncIterator[None]:
    """Serve the page until the block ends; port 0 serves nothing. Raises ``OSError`` where the port is taken."""
    if place.page_port == 0:
        yield
        return
    open_connections: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_connections.add(writer)
        try:
            if len(open_connections) <= _MOST_AT_ONCE:
                await asyncio.wait_for(_serve(certificates, place, reader, writer), _SECONDS)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # who asked is gone or too slow
        finally:
            open_connections.discard(writer)
            writer.close()

    try:
        bound = bound_socket(host, place.page_port)
        server = await asyncio.start_server(serve, sock=bound, limit=_LONGEST_REQUEST)
    except OSError as fault:
        raise OSError(f"trust_port {place.page_port} cannot be used: {os.strerror(fault.errno or 0)}") from None
    async with server:
        yield
        for writer in open_connections:
            writer.close()


async def _serve(
    certificates: Certificates, place: Place, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        asked = _read((await reader.readuntil(b"\r\n\r\n")).decode("latin-1"))
    except asyncio.LimitOverrunError:
        asked = None
    answer = _NO_REQUEST if asked is None else _answered(certificates, place, asked)
    writer.write(_bytes(answer, has_body=asked is None or asked.method != "HEAD"))
    await writer.drain()


def _read(text: str) -> _Asked | None:
    lines = text.split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or not words[1].startswith("/") or not words[2].startswith("HTTP/1."):
        return None
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    path, _, query = words[1].partition("?")
    return _Asked(words[0], path, parse_qs(query).get("lang", [None])[-1], headers)


def _answered(certificates: Certificates, place: Place, asked: _Asked) -> _Answer:
    if asked.method not in ("GET", "HEAD"):
        return _ONLY_READING
    host = _host(certificates, asked.headers.get("host", ""))
    address = place.public_address or f"https://{host}:{place.https_port}"
    authority = certificates.shown.authority
    if authority is None:
        return _Answer("302 Found", headers=(("Location", address),)) if asked.path == "/" else _NOT_FOUND
    match asked.path:
        case "/":
            return _page(certificates, place, asked, host, address)
        case "/ca.crt":
            return _Answer("200 OK", der(authority.certificate), "application/x-x509-ca-cert")
        case "/ca.pem":
            return _Answer("200 OK", chain_pem(authority.chain), "application/x-pem-file")
    return _NOT_FOUND


def _page(certificates: Certificates, place: Place, asked: _Asked, host: str, address: str) -> _Answer:
    authority = certificates.shown.authority
    assert authority is not None
    told = describe(authority.certificate, 0)
    facts = TrustFacts(
        server_name=place.server_name,
        address=address,
        page=f"http://{host}:{place.page_port}",
        authority=told.holder,
        fingerprint=told.fingerprint,
        last_year=datetime.datetime.fromtimestamp(told.ends_ts // 1000, datetime.UTC).year,
    )
    language = chosen_language(asked.language, asked.headers.get("accept-language"))
    page = trust_page(facts, language, asked.headers.get("user-agent", ""))
    headers = tuple((name.decode().title(), value.decode()) for name, value in page.headers)
    return _Answer("200 OK", page.body, page.content_type.decode(), headers)


def _host(certificates: Certificates, called: str) -> str:
    """Return the host that people can call: the one they called, where the certificate is for it, else its first."""
    names = names_of(certificates.shown.pair.certificate)
    try:
        host = plain_name(urlsplit(f"//{called}").hostname or "")
    except (BadName, ValueError):
        host = ""
    if not covers(names, host):
        host = next((name for name in names if "*" not in name), host)
    return f"[{host}]" if ":" in host else host


def _bytes(answer: _Answer, *, has_body: bool) -> bytes:
    headers = {
        "Content-Type": answer.content_type,
        "Content-Length": str(len(answer.body)),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Connection": "close",
        **dict(answer.headers),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {answer.status}\r\n{head}\r\n".encode() + (answer.body if has_body else b"")
