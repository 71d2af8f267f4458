"""Accounts: whoever registers has no session yet; what is done to an account needs its own password."""

from typing import Any

from tests.authorisation.askers import (
    EVERYBODY,
    MEMBER,
    NOBODY,
    OWNER,
    SERVER_ADMINISTRATOR,
    SIGNED_IN,
    WITHOUT_SESSION,
)
from tests.authorisation.rows import Row, Rows, ask, at

_NEW = {"username": "new-$fresh", "password": "a fairly long password"}


def proof(user: str, password: str) -> dict[str, Any]:
    """What a client sends to prove a password."""
    return {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": user}, "password": password}


_MEMBER = frozenset((MEMBER,))
_ADMINISTRATORS = frozenset((SERVER_ADMINISTRATOR,))
_LETTER = {"client_secret": "the-same-secret", "send_attempt": 1}
_OF_MEMBER = {"sid": "$sid", "client_secret": "a-guess"}
_NO_ADDRESSES: Row = (ask("without any", body={}, may=NOBODY),)
_OF_ADMINISTRATOR = "anna's own password"
_MAIL_FIRST = dict.fromkeys(WITHOUT_SESSION, 401)
"""Whoever has no session is asked to prove a mail address."""
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
            refused=_MAIL_FIRST,
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
    "GET /v3/account/3pid": (ask(shows={"address of the member": _MEMBER}),),
    "POST /v3/account/3pid": _NO_ADDRESSES,
    "POST /v3/account/3pid/bind": _NO_ADDRESSES,
    "POST /v3/account/3pid/add": (
        ask("without a proof", body={"sid": "unknown", "client_secret": "secret"}, may=NOBODY),
        ask("with the member's proof, not knowing its secret", body=_OF_MEMBER, may=NOBODY),
    ),
    "POST /v3/account/3pid/delete": (
        ask("the member's", body={"medium": "email", "address": "$address"}),
        ask("a telephone number", body={"medium": "msisdn", "address": "1"}),
    ),
    "POST /v3/account/3pid/unbind": (ask(body={"medium": "email", "address": "$address"}),),
    **{
        f"POST /v3/{purpose}/email/requestToken": (
            ask("a letter to the member", body={**_LETTER, "email": "$address"}, may=EVERYBODY),
            ask("a letter to nobody", body={**_LETTER, "email": "$fresh@nowhere.example"}, may=EVERYBODY),
            ask("a letter to no address", body={**_LETTER, "email": "nowhere"}, may=NOBODY, refused=400),
        )
        for purpose in ("register", "account/3pid", "account/password")
    },
    **{
        f"POST /v3/{purpose}/msisdn/requestToken": (ask("without any", body={}, may=NOBODY, refused=400),)
        for purpose in ("register", "account/3pid", "account/password")
    },
    "GET /reset/mail": (ask("the page", may=EVERYBODY),),
    # Forms that cannot be read are empty ones: no address, and a password that is too weak.
    "POST /reset/mail": (ask("nothing", body={}, may=NOBODY, refused=400),),
    "POST /reset/code": (ask("nothing", body={}, may=NOBODY, refused=400),),
    "GET /mail/{token}": (ask("a guess", at(token="guess"), may=NOBODY, refused=404),),
    "POST /mail/{token}": (ask("a guess", at(token="guess"), body={}, may=NOBODY, refused=404),),
    "GET /unsubscribe/{token}": (ask("a guess", at(token="guess"), may=NOBODY, refused=404),),
    "POST /unsubscribe/{token}": (ask("a guess", at(token="guess"), body={}, may=NOBODY, refused=404),),
    "POST /_veche/v1/mail/submit_token": (
        ask("a guess", body={"sid": "unknown", "client_secret": "secret", "token": "123456"}, may=EVERYBODY),
        ask("at the member's proof", body={**_OF_MEMBER, "token": "123456"}, may=EVERYBODY),
    ),
    "GET /_veche/v1/accounts/{user_id}/addresses": (
        ask(
            "the member's", at(user_id="$member"), may=_ADMINISTRATORS, shows={"address of the member": _ADMINISTRATORS}
        ),
        ask("nobody's", at(user_id="@nobody:veche.test"), may=NOBODY, refused={SERVER_ADMINISTRATOR: 404}),
    ),
    "POST /_veche/v1/accounts/{user_id}/addresses/remove": (
        ask("another", at(user_id="$member"), body={"address": "x@y"}, may=NOBODY, refused={SERVER_ADMINISTRATOR: 404}),
        ask("the member's", at(user_id="$member"), body={"address": "$address"}, may=_ADMINISTRATORS),
    ),
}
