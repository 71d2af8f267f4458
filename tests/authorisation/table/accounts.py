"""Accounts: whoever registers has no session yet; what is done to an account needs its own password."""

from typing import Any

from tests.authorisation.askers import EVERYBODY, NOBODY, OWNER, SERVER_ADMINISTRATOR, SIGNED_IN
from tests.authorisation.rows import Row, Rows, ask

_NEW = {"username": "new-$fresh", "password": "a fairly long password"}


def proof(user: str, password: str) -> dict[str, Any]:
    """What a client sends to prove a password."""
    return {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": user}, "password": password}


_NO_ADDRESSES: Row = (ask("without any", body={}, may=NOBODY),)
_OF_ADMINISTRATOR = "anna's own password"
_NO_PROOF_BUT_THE_LAST = {**dict.fromkeys(SIGNED_IN, 401), SERVER_ADMINISTRATOR: 403}
"""The server's last administrator is refused before anything is to be proven."""

ROWS: Rows = {
    "POST /v3/register": (
        ask("without the stage", body=_NEW, may=NOBODY, refused=401),
        ask("with the stage", body={**_NEW, "auth": {"type": "m.login.dummy"}}, may=EVERYBODY),
        ask("under a taken name", body={**_NEW, "username": "anna"}, may=NOBODY, refused=400),
        ask("as a guest", query={"kind": "guest"}, body={}, may=NOBODY),
    ),
    "GET /v3/register/available": (
        ask("a free name", query={"username": "new-$fresh"}, may=EVERYBODY),
        ask("a taken name", query={"username": "anna"}, may=NOBODY, refused=400),
    ),
    "GET /v1/register/m.login.registration_token/validity": (ask("a guess", query={"token": "guess"}, may=EVERYBODY),),
    "POST /v3/account/password": (
        ask("without proof", body={"new_password": "quite another $filter"}, may=NOBODY, refused=401),
        ask(
            "with one's own",
            body={
                "new_password": "quite another $filter",
                "logout_devices": False,
                "auth": proof("$me", "$password"),
            },
        ),
        ask(
            "with the administrator's password",
            body={
                "new_password": "yet another $filter",
                "logout_devices": False,
                "auth": proof("$administrator", "quite another $administrators_filter"),
            },
            may=OWNER,
            refused=401,
        ),
    ),
    "POST /v3/account/deactivate": (
        ask("without proof", body={}, may=NOBODY, refused=_NO_PROOF_BUT_THE_LAST),
        ask(
            "with the administrator's password",
            body={"auth": proof("$administrator", _OF_ADMINISTRATOR)},
            may=OWNER,
            refused=_NO_PROOF_BUT_THE_LAST,
        ),
    ),
    "GET /v3/account/3pid": (ask(),),
    **{f"POST /v3/account/3pid{verb}": _NO_ADDRESSES for verb in ("", "/add", "/bind", "/delete", "/unbind")},
    **{
        f"POST /v3/{purpose}/{medium}/requestToken": _NO_ADDRESSES
        for purpose in ("register", "account/3pid", "account/password")
        for medium in ("email", "msisdn")
    },
}
