"""The specification's own faults: answers that are right although its files do not allow them, each with the reason.

Each entry shows an answer that needs it; one that nothing needs fails a test. Decision 0025 says how it grows.
"""

import msgspec

from tests.conformance.answers import Exchanged, Fault

V3 = "/_matrix/client/v3"
CORS = {"access-control-allow-origin": "*", "content-type": "application/json"}


class Listed(msgspec.Struct, frozen=True):
    """An answer to an operation that is allowed after all. ``errcode`` None stands for one that is no error.

    ``what`` is said of each fault that is allowed; ``shown`` is the body of such an answer.
    """

    method: str
    path: str
    status: int
    errcode: str | None
    shown: bytes
    reason: str
    what: str = ""

    def allows(self, fault: Fault) -> bool:
        """Whether this is the fault of the entry."""
        said = (fault.operation, fault.status, fault.errcode)
        return said == (f"{self.method} {self.path}", self.status, self.errcode) and self.what in fault.what

    def answer(self) -> Exchanged:
        """Return the answer that is shown."""
        return Exchanged(self.method, self.path.replace("{", "").replace("}", ""), self.status, CORS, self.shown)


def _error(method: str, path: str, status: int, errcode: str, reason: str) -> Listed:
    shown = msgspec.json.encode({"errcode": errcode, "error": "It is so."})
    return Listed(method, path, status, errcode, shown, reason)


_PROOF = b'{"flows": [{"stages": ["m.login.password"]}], "params": {}, "session": "s"}'
_WRONG_PROOF = _PROOF[:-1] + b', "errcode": "M_FORBIDDEN", "error": "Wrong password."}'
_PROOF_REASON = (
    "The text of the operation says that it uses User-Interactive Authentication; only its 401 was forgotten, "
    "which every other such operation declares."
)
_WEAK_REASON = (
    "A server may find a new password too weak, and the file says of no status what it is answered with then. Clients "
    "know this code from /register and show a sentence of their own for it."
)
_NO_RELAY_REASON = (
    "The file has no way to say that a server knows no relay. With an empty object clients go without one; to an empty "
    "list of addresses browsers answer with a syntax error, and a 404 is asked again for ever."
)
_NOT_PROVEN_REASON = (
    "Nobody adds an address that they have not shown to be theirs. The code is the one that the prose names for this; "
    "the older POST /account/3pid declares it, its successor was given no such answer."
)
_TAKEN_REASON = (
    "The text of the operation wants an address refused that belongs to another account already, and names no status. "
    "M_THREEPID_IN_USE stands with 400 wherever the files declare it."
)
_EVENT = (
    b'{"type": "m.room.topic", "state_key": "", "sender": "@anna:veche.test", "event_id": "$x", "room_id": "!y", '
    b'"origin_server_ts": 1, "content": {"topic": "' + b"What is talked about. " * 20 + b'"}}'
)

LISTED: tuple[Listed, ...] = (
    Listed("GET", f"{V3}/voip/turnServer", 200, None, b"{}", _NO_RELAY_REASON, "is a required property"),
    Listed("POST", f"{V3}/keys/device_signing/upload", 401, None, _PROOF, _PROOF_REASON),
    Listed("POST", f"{V3}/keys/device_signing/upload", 401, "M_FORBIDDEN", _WRONG_PROOF, _PROOF_REASON),
    _error("POST", f"{V3}/account/3pid/add", 400, "M_THREEPID_IN_USE", _TAKEN_REASON),
    _error("POST", f"{V3}/account/3pid/add", 403, "M_THREEPID_AUTH_FAILED", _NOT_PROVEN_REASON),
    Listed(
        "GET",
        f"{V3}/rooms/{{roomId}}/state/{{eventType}}/{{stateKey}}",
        200,
        None,
        _EVENT,
        "The file wants exactly one of two forms, an object or an event; but every event is an object as well.",
        "valid under more than one of the schemas",
    ),
    _error("POST", f"{V3}/account/password", 400, "M_WEAK_PASSWORD", _WEAK_REASON),
)


def unlisted(faults: list[Fault]) -> list[Fault]:
    """Return those of the faults that no entry allows."""
    return [fault for fault in faults if not any(entry.allows(fault) for entry in LISTED)]
