"""Large bodies over plain blocking sockets: what a client costs here must not be taken for the server's pace."""

import socket
import threading
import time
from typing import Any

import msgspec

UPLOAD = "/_matrix/media/v3/upload"
PART = memoryview(bytes(range(256)) * 4096)
"""A mebibyte."""
SEED = 16
_PATIENCE = 120.0


class Streamed(msgspec.Struct, frozen=True):
    """One exchange: the answer's status and the beginning of its body, how long that was, and seconds in all."""

    status: int
    body: bytes
    length: int
    seconds: float

    def rate(self, size: int) -> float:
        """MiB a second, `size` bytes having gone through."""
        return size / 2**20 / self.seconds


def exchange(port: int, method: str, path: str, token: str = "", size: int = 0, seed: bytes = b"") -> Streamed:
    """Send `size` bytes that begin with `seed` while reading the answer, all of which is counted and little kept.

    Raises OSError where the connection breaks.
    """
    head = f"{method} {path} HTTP/1.1\r\nHost: bench.example\r\nConnection: close\r\nContent-Length: {size}\r\n"
    head += f"Authorization: Bearer {token}\r\n" if token else ""
    head += "Content-Type: application/octet-stream\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE) as wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        began = time.perf_counter()
        sending = threading.Thread(target=_send, args=(wire, head.encode(), size, seed))
        sending.start()
        status, body, length = _receive(wire)
        seconds = time.perf_counter() - began
        sending.join()
    return Streamed(status, body, length, seconds)


def upload_request(token: str, content: bytes, content_type: str) -> bytes:
    """The bytes of a whole upload, for a body that fits into memory."""
    head = f"POST {UPLOAD} HTTP/1.1\r\nHost: bench.example\r\nAuthorization: Bearer {token}\r\n"
    return f"{head}Content-Type: {content_type}\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content


def expect(found: Streamed, length: int | None = None) -> Streamed:
    """Return the exchange if it went well. Raises RuntimeError if it did not, or its body was not that long."""
    if found.status != 200 or (length is not None and found.length != length):
        raise RuntimeError(f"{found.status}, {found.length} bytes: {found.body[:300]!r}")
    return found


def _send(wire: socket.socket, head: bytes, size: int, seed: bytes) -> None:
    first = seed.ljust(SEED, b"\0")[: min(SEED, size)]
    wire.sendall(head + first)
    left = size - len(first)
    while left:
        left -= wire.send(PART[: min(left, len(PART))])


def _receive(wire: socket.socket) -> tuple[int, bytes, int]:
    buffer = bytearray(2**20)
    kept = b""
    length = 0
    while read := wire.recv_into(buffer):
        length += read
        if len(kept) < 4096:
            kept += bytes(buffer[: min(read, 4096)])
        if read < 4096 and _is_whole(kept, length):
            break
    head, _, body = kept.partition(b"\r\n\r\n")
    return int(head[9:12] or 0), body, length - len(head) - 4


def _is_whole(kept: bytes, length: int) -> bool:
    head, end, _ = kept.partition(b"\r\n\r\n")
    at = head.lower().find(b"\r\ncontent-length:")
    told: Any = head[at + 17 :].partition(b"\r\n")[0] if at >= 0 else b""
    return bool(end) and told.strip().isdigit() and length >= len(head) + 4 + int(told)
