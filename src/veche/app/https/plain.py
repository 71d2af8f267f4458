"""What somebody is told who speaks plain HTTP where HTTPS is spoken: a browser is sent on, everybody else refused."""

import json
import re

_TARGET = re.compile(rb"(?:GET|HEAD) (/[\x21-\x7e]*) HTTP/1\.[01]")
_HOST = re.compile(rb"host:[ \t]*((?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?)[ \t]*", re.I)
_REASON = "This port speaks HTTPS only; call it with https:// in place of http://."
_BODY = json.dumps({"errcode": "M_UNRECOGNIZED", "error": _REASON}).encode()


def answer_to_plain(text: bytes) -> bytes:
    """Return the whole answer to the beginning of a request, as much of it as has come."""
    lines = text.split(b"\r\n")
    target = _TARGET.fullmatch(lines[0])
    host = next(filter(None, map(_HOST.fullmatch, lines[1:])), None)
    is_browser = any(line.lower().startswith(b"accept:") and b"text/html" in line for line in lines)
    if is_browser and target is not None and host is not None:
        location = b"Location: https://%b%b\r\n" % (host[1], target[1])
        return _answer(b"307 Temporary Redirect", location, b"")
    return _answer(b"400 Bad Request", b"Content-Type: application/json\r\n", _BODY)


def _answer(status: bytes, header: bytes, body: bytes) -> bytes:
    length = b"Content-Length: %d\r\n" % len(body)
    return b"HTTP/1.1 " + status + b"\r\n" + header + length + b"Connection: close\r\n\r\n" + body
