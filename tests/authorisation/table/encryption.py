"""Encryption: public keys are for everybody here, what is uploaded must be one's own."""

from typing import Any

from tests.authorisation.askers import ADMINISTRATOR, NOBODY, OWNER, SIGNED_IN
from tests.authorisation.rows import Rows, ask, at

_KEYS: dict[str, Any] = {
    "user_id": "$administrator",
    "device_id": "ANNA",
    "algorithms": [],
    "keys": {"ed25519:ANNA": "e", "curve25519:ANNA": "c"},
    "signatures": {"$administrator": {"ed25519:ANNA": "s"}},
}
_MASTER: dict[str, Any] = {"user_id": "$administrator", "usage": ["master"], "keys": {"ed25519:M": "M"}}

_NOT_HERS = dict.fromkeys(SIGNED_IN, 400) | {ADMINISTRATOR: 401}
"""Other keys than the present ones need the password."""

ROWS: Rows = {
    "POST /v3/keys/upload": (
        ask("nothing", body={}),
        ask("the administrator's", body={"device_keys": _KEYS}, may=OWNER, refused=400),
    ),
    "POST /v3/keys/query": (
        ask(
            "the administrator's and a member's",
            body={"device_keys": {"$administrator": [], "@boris:veche.test": []}},
            shows={
                "name of a device with keys": SIGNED_IN,
                "user-signing key": OWNER,
                "signature on a friend's key": OWNER,
            },
        ),
    ),
    "POST /v3/keys/claim": (
        ask("the administrator's", body={"one_time_keys": {"$administrator": {"ANNA": "signed_curve25519"}}}),
    ),
    "GET /v3/keys/changes": (ask("since long ago", query={"from": "s1.1.0.0", "to": "s2.2.0.0"}),),
    "POST /v3/keys/device_signing/upload": (
        ask("the administrator's", body={"master_key": _MASTER}, may=NOBODY, refused=_NOT_HERS),
    ),
    "POST /v3/keys/signatures/upload": (ask("on another's key", body={"$administrator": {"ANNA": _KEYS}}),),
    "PUT /v3/sendToDevice/{event_type}/{txn_id}": (
        ask("to somebody", at(event_type="x.y", txn_id="1"), body={"messages": {"$administrator": {"*": {}}}}),
    ),
}
