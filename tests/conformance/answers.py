"""Holds one answer against the specification's file of the operation: status, type, headers and body."""

import json
from functools import cache
from typing import Any

import jsonschema_rs
import msgspec

from tests.conformance import errors
from tests.conformance.formats import FORMATS
from tests.conformance.operations import Operation, meant

JSON = "application/json"
ANY_FILE = "application/octet-stream"
"""Stands in the files for whatever somebody has uploaded; that has a type of its own."""
PIECES = {206: "content-range", 304: "etag", 416: "content-range"}
PAGE = "/fallback/web"
"""A page for browsers, of which only the prose speaks (section Fallback); what goes wrong is shown on it."""
FOREIGN = ("/_matrix/", "/.well-known/matrix/")


class Exchanged(msgspec.Struct, frozen=True):
    """A request and what came back; header names are lower case."""

    method: str
    path: str
    status: int
    headers: dict[str, str]
    body: bytes


class Fault(msgspec.Struct, frozen=True):
    """How an answer differs from the file. ``where`` is the place in the body, as a JSON pointer."""

    operation: str
    status: int
    errcode: str | None
    where: str
    what: str

    def __str__(self) -> str:
        code = f" {self.errcode}" if self.errcode else ""
        return f"{self.operation} → {self.status}{code} {self.where or '(the answer)'}: {self.what}"


def faults_of(answer: Exchanged) -> list[Fault]:
    """Return how an answer differs from what the specification says; nothing where it does not speak of it."""
    if not answer.path.startswith(FOREIGN) or answer.method in ("OPTIONS", "HEAD"):
        return []
    found = [_against(operation, answer) for operation in meant(answer.method, answer.path)]
    return min(found, key=len) if found else _of_unknown(answer)


def _against(operation: Operation, answer: Exchanged) -> list[Fault]:
    response = operation.responses.get(answer.status)
    said = Telling(operation.name, answer)
    if answer.headers.get("access-control-allow-origin") != "*":
        said.fault("", "stands without the CORS headers")
    if answer.status in PIECES and _serves_bytes(operation):
        _judge_piece(answer, said)
    elif response is None or _is_token_missing(answer.status, said):
        _judge_undeclared(answer, said)
    else:
        _judge_declared(operation, response, answer, said)
    return said.faults


def _is_token_missing(status: int, said: "Telling") -> bool:
    """Whether it is an error of the token: files that declare a 401 mean the question for a proof by it."""
    return status == 401 and errors.may_be_anywhere(status, said.errcode)


def _serves_bytes(operation: Operation) -> bool:
    return JSON not in operation.responses.get(200, {}).get("content", {JSON: {}})


def _judge_piece(answer: Exchanged, said: "Telling") -> None:
    """HTTP's own answers to whoever wants a part, or has the whole already (RFC 9110, sections 13 and 14)."""
    if PIECES[answer.status] not in answer.headers:
        said.fault("", f"stands without the header {PIECES[answer.status]}")


class Telling:
    """Gathers the faults of one answer."""

    def __init__(self, operation: str, answer: Exchanged) -> None:
        self.faults: list[Fault] = []
        self.body = _json(answer)
        self._operation = operation
        self._status = answer.status

    @property
    def errcode(self) -> Any:
        """The error code, if there is one."""
        return self.body.get("errcode") if isinstance(self.body, dict) else None

    def fault(self, where: str, what: str) -> None:
        """Note a fault."""
        code = self.errcode if isinstance(self.errcode, str) else None
        self.faults.append(Fault(self._operation, self._status, code, where, what))

    def against(self, validator: jsonschema_rs.Validator) -> None:
        """Hold the body against a schema."""
        if self.body is _NOT_JSON:
            self.fault("", "is no JSON")
        elif not validator.is_valid(self.body):
            for error in validator.iter_errors(self.body):
                self.fault("/" + "/".join(map(str, error.instance_path)), _shortened(error.message))


def _shortened(message: str) -> str:
    """A message that quotes a whole answer, without its middle."""
    return message if len(message) <= 300 else f"{message[:150]} … {message[-150:]}"


_NOT_JSON = object()


def _json(answer: Exchanged) -> Any:
    if not answer.headers.get("content-type", "").startswith(JSON):
        return _NOT_JSON
    try:
        return json.loads(answer.body)
    except ValueError:
        return _NOT_JSON


def _judge_declared(operation: Operation, response: dict[str, Any], answer: Exchanged, said: Telling) -> None:
    content: dict[str, Any] = response.get("content", {})
    headers: dict[str, Any] = response.get("headers", {})
    for name, header in headers.items():
        if header.get("required") and name.lower() not in answer.headers:
            said.fault("", f"stands without the header {name}")
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if JSON in content:
        said.against(_validator(operation.name, answer.status))
    elif content and ANY_FILE not in content and kind not in content:
        said.fault("", f"has the content type {kind!r}")
    if answer.status >= 400 and not _asks_for_proof(operation, answer.status, said):
        said.against(errors.STANDARD)


def _asks_for_proof(operation: Operation, status: int, said: Telling) -> bool:
    """The question of user-interactive authentication is a 401 that need not be an error."""
    return status == 401 and isinstance(said.body, dict) and "flows" in said.body


def _judge_undeclared(answer: Exchanged, said: Telling) -> None:
    if not errors.may_be_anywhere(answer.status, said.errcode):
        said.fault("", "is declared neither for this operation nor for all")
    else:
        said.against(errors.STANDARD)


def _of_unknown(answer: Exchanged) -> list[Fault]:
    """What the specification does not know is refused, or ours; a refusal has the standard's form."""
    said = Telling(f"{answer.method} (unknown)", answer)
    is_page = answer.path.endswith(PAGE) and answer.headers.get("content-type", "").startswith("text/html")
    if answer.status >= 400 and not is_page:
        said.against(errors.STANDARD)
    return said.faults


@cache
def _validator(name: str, status: int) -> jsonschema_rs.Validator:
    from tests.conformance.operations import operations

    schema = operations()[name].responses[status]["content"][JSON]["schema"]
    return jsonschema_rs.Draft202012Validator(schema, formats=FORMATS, validate_formats=True)
