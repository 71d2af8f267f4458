"""Discovery, which is for everybody, and what clients ask for when they start."""

from tests.authorisation.askers import EVERYBODY, NOBODY
from tests.authorisation.rows import Rows, ask, at

ROWS: Rows = {
    "GET /versions": (ask(may=EVERYBODY),),
    "GET /.well-known/matrix/client": (ask(may=EVERYBODY),),
    "GET /.well-known/matrix/support": (ask(may=EVERYBODY),),
    "GET /.well-known/matrix/policy_server": (ask(may=EVERYBODY),),
    "GET /health": (ask(may=EVERYBODY),),
    "GET /v3/capabilities": (ask(),),
    "GET /v3/thirdparty/protocols": (ask(),),
    "GET /v3/thirdparty/protocol/{protocol}": (ask("one", at(protocol="irc"), may=NOBODY, refused=404),),
    "GET /v3/thirdparty/location/{protocol}": (ask("one", at(protocol="irc")),),
    "GET /v3/thirdparty/user/{protocol}": (ask("one", at(protocol="irc")),),
    "GET /v3/thirdparty/location": (ask("the shared room's", query={"alias": "$alias"}),),
    "GET /v3/thirdparty/user": (ask("the administrator's", query={"userid": "$administrator"}),),
    "GET /v3/voip/turnServer": (ask(),),
}
