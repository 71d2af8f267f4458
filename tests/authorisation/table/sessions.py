"""Sessions: signing in is for everybody who knows a password, signing out for everybody who is signed in."""

from tests.authorisation.askers import EVERYBODY, NO_TOKEN, NOBODY, OWNER
from tests.authorisation.rows import Rows, ask, at
from tests.authorisation.table.accounts import proof

_FALLBACK = "/v3/auth/{auth_type}/fallback/web"

ROWS: Rows = {
    f"GET {_FALLBACK}": (
        ask("a stage", at(auth_type="m.login.registration_token"), query={"session": "guess"}, may=EVERYBODY),
        ask("no stage", at(auth_type="m.login.password"), query={"session": "guess"}, may=NOBODY, refused=404),
    ),
    f"POST {_FALLBACK}": (
        ask("a guess", at(auth_type="m.login.dummy"), query={"session": "guess"}, body={}, may=NOBODY, refused=400),
    ),
    "GET /v3/login": (ask(may=EVERYBODY),),
    "POST /v3/login": (
        ask("with the password", body=proof("$administrator", "anna's own password"), may=EVERYBODY),
        ask("with another one", body=proof("$me", "nobody's at all"), may=NOBODY),
        # Whoever comes first spends it, and here that is somebody without a session.
        ask("with a token", body={"type": "m.login.token", "token": "$login_token"}, may=frozenset((NO_TOKEN,))),
        ask("with a token for something else", body={"type": "m.login.token", "token": "$openid_token"}, may=NOBODY),
        ask("as nobody", body=proof("@no-$fresh:veche.test", "anna's own password"), may=NOBODY),
    ),
    "POST /v1/login/get_token": (
        ask("without a password", body={}, may=NOBODY, refused=401),
        ask("with another's", body={"auth": proof("$me", "nobody's at all")}, may=NOBODY, refused=401),
        ask("with the own one", body={"auth": proof("$me", "$password")}),
    ),
    "POST /v3/user/{user_id}/openid/request_token": (
        ask("for oneself", at(user_id="$me"), body={}),
        ask("for the administrator", at(user_id="$administrator"), body={}, may=OWNER),
    ),
    "GET /_matrix/federation/v1/openid/userinfo": (
        ask("with a token of the administrator", query={"access_token": "$openid_token"}, may=EVERYBODY),
        ask("a guess", query={"access_token": "guess"}, may=NOBODY, refused=401),
    ),
    "POST /v3/refresh": (ask("a guess", body={"refresh_token": "guess"}, may=NOBODY, refused=401),),
    "POST /v3/logout": (ask(),),
    "POST /v3/logout/all": (ask(),),
    "GET /v3/account/whoami": (ask(),),
}
