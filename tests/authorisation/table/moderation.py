"""Moderation and looking after accounts: for the server's administrator. What ends sessions is asked last."""

from tests.authorisation.askers import EVERYBODY, NOBODY, OWNER, SERVER_ADMINISTRATOR, SIGNED_IN, Group
from tests.authorisation.rows import Row, Rows, ask, at

_LOOKS_AFTER: Group = frozenset((SERVER_ADMINISTRATOR,))
_ACCOUNT = "/_veche/v1/accounts/{user_id}"
_WHO = at(user_id="$administrator")
_ONESELF = at(user_id="$me")
_STRANGER = at(user_id="@nobody-here:veche.test")
_GONE = {SERVER_ADMINISTRATOR: 404}
_NAMES = {f"name of the second device of the {asker}": frozenset((asker,)) for asker in SIGNED_IN}
_OF_ADMINISTRATOR = {"name of the second device of the administrator": _LOOKS_AFTER}


def _of_specification(name: str) -> tuple[Row, Row]:
    """The rows of asking and of setting."""
    elsewhere = at(user_id="@somebody:elsewhere.test")
    places = ((_ONESELF, 403), (_STRANGER, 404), (elsewhere, 400))
    asking = [ask(str(place), place, may=NOBODY, refused={SERVER_ADMINISTRATOR: code}) for place, code in places]
    body = {name: True}
    setting = [
        ask(str(place), place, body=body, may=NOBODY, refused={SERVER_ADMINISTRATOR: code}) for place, code in places
    ]
    return (
        (ask("somebody", _WHO, may=_LOOKS_AFTER), *asking),
        (*setting, ask("somebody", _WHO, body=body, may=_LOOKS_AFTER)),
    )


def _restriction() -> Row:
    return (
        ask("oneself", _ONESELF, body={}, may=NOBODY),
        ask("nobody", _STRANGER, body={}, may=NOBODY, refused=_GONE),
        ask("somebody", _WHO, body={"reason": "why"}, may=_LOOKS_AFTER),
    )


def _lifting() -> Row:
    return (
        ask("somebody's", _WHO, body={}, may=_LOOKS_AFTER),
        ask("nobody's", _STRANGER, body={}, may=NOBODY, refused=_GONE),
    )


def _acting(body: dict[str, object]) -> Row:
    return (
        ask("on nobody", _STRANGER, body=body, may=NOBODY, refused=_GONE),
        ask("on somebody", _WHO, body=body, may=_LOOKS_AFTER),
    )


_LOCK, _SET_LOCK = _of_specification("locked")
_SUSPENSION, _SET_SUSPENSION = _of_specification("suspended")
_GUESS = {"user": "$administrator", "code": "ABCDE-FGHJK", "new_password": "a fairly long password"}

ROWS: Rows = {
    "GET /v3/admin/whois/{user_id}": (
        ask("oneself", _ONESELF),
        ask("the administrator", _WHO, may=OWNER | _LOOKS_AFTER),
    ),
    "GET /v1/admin/lock/{user_id}": _LOCK,
    "PUT /v1/admin/lock/{user_id}": _SET_LOCK,
    "GET /v1/admin/suspend/{user_id}": _SUSPENSION,
    "PUT /v1/admin/suspend/{user_id}": _SET_SUSPENSION,
    "GET /_veche/v1/accounts": (ask("all", may=_LOOKS_AFTER),),
    f"GET {_ACCOUNT}": (
        ask("somebody", _WHO, may=_LOOKS_AFTER),
        ask("nobody", _STRANGER, may=NOBODY, refused=_GONE),
    ),
    f"PUT {_ACCOUNT}/display_name": _acting({"display_name": "new"}),
    f"PUT {_ACCOUNT}/role": (
        *_acting({"role": "user"}),
        ask("one's own, as the last", _ONESELF, body={"role": "user"}, may=NOBODY),
        ask("an administrator's for oneself", _ONESELF, body={"role": "administrator"}, may=_LOOKS_AFTER),
    ),
    f"POST {_ACCOUNT}/deactivate": (
        ask("one's own, as the last", _ONESELF, body={}, may=NOBODY),
        *_acting({}),
    ),
    f"PUT {_ACCOUNT}/lock": _restriction(),
    f"DELETE {_ACCOUNT}/lock": _lifting(),
    f"PUT {_ACCOUNT}/suspension": _restriction(),
    f"DELETE {_ACCOUNT}/suspension": _lifting(),
    f"POST {_ACCOUNT}/reset_code": _acting({"reason": "forgot it"}),
    "POST /_veche/v1/accounts/reset": (
        # The tenth wrong code is the last that anybody may try from one address.
        ask("with a guess", body=_GUESS, may=NOBODY, refused=dict.fromkeys(OWNER | _LOOKS_AFTER, 429)),
    ),
    "GET /reset": (ask("the page", may=EVERYBODY),),
    # A form that cannot be read is an empty one, whose password is too weak.
    "POST /reset": (ask("nothing", body={}, may=NOBODY, refused=400),),
    "GET /_veche/v1/password_policy": (ask(may=EVERYBODY),),
    "PUT /_veche/v1/password_policy": (ask("something of it", body={"least_length": 9}, may=_LOOKS_AFTER),),
    "GET /_veche/v1/sessions": (ask("one's own", shows=_NAMES),),
    "GET /_veche/v1/sign_ins": (ask("one's own"),),
    f"GET {_ACCOUNT}/sessions": (
        ask("the administrator's", _WHO, may=_LOOKS_AFTER, shows=_OF_ADMINISTRATOR),
        ask("nobody's", _STRANGER, may=NOBODY, refused=_GONE),
    ),
    f"DELETE {_ACCOUNT}/sessions": _acting({}),
    f"DELETE {_ACCOUNT}/sessions/{{device_id}}": (
        ask("the administrator's", at(user_id="$administrator", device_id="$administrators_device"), may=_LOOKS_AFTER),
        ask(
            "one that is not there",
            at(user_id="$administrator", device_id="NONE"),
            may=NOBODY,
            refused=_GONE,
        ),
    ),
    f"GET {_ACCOUNT}/sign_ins": (
        ask("the administrator's", _WHO, may=_LOOKS_AFTER),
        ask("nobody's", _STRANGER, may=NOBODY, refused=_GONE),
    ),
    "GET /_veche/v1/strangers": (ask("all", may=_LOOKS_AFTER),),
    "GET /_veche/v1/audit": (ask("all", may=_LOOKS_AFTER),),
}
