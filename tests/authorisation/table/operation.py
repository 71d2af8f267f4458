"""Discovery, which is for everybody, and what clients ask for when they start."""

from tests.authorisation.askers import EVERYBODY
from tests.authorisation.rows import Rows, ask

ROWS: Rows = {
    "GET /versions": (ask(may=EVERYBODY),),
    "GET /.well-known/matrix/client": (ask(may=EVERYBODY),),
    "GET /health": (ask(may=EVERYBODY),),
    "GET /v3/capabilities": (ask(),),
    "GET /v3/thirdparty/protocols": (ask(),),
    "GET /v3/voip/turnServer": (ask(),),
}
