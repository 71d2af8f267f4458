"""Sessions: signing in is for everybody who knows a password, signing out for everybody who is signed in."""

from tests.authorisation.askers import EVERYBODY, NOBODY
from tests.authorisation.rows import Rows, ask
from tests.authorisation.table.accounts import proof

ROWS: Rows = {
    "GET /v3/login": (ask(may=EVERYBODY),),
    "POST /v3/login": (
        ask("with the password", body=proof("$administrator", "anna's own password"), may=EVERYBODY),
        ask("with another one", body=proof("$me", "nobody's at all"), may=NOBODY),
        ask("as nobody", body=proof("@no-$fresh:veche.test", "anna's own password"), may=NOBODY),
    ),
    "POST /v3/refresh": (ask("a guess", body={"refresh_token": "guess"}, may=NOBODY, refused=401),),
    "POST /v3/logout": (ask(),),
    "POST /v3/logout/all": (ask(),),
    "GET /v3/account/whoami": (ask(),),
}
