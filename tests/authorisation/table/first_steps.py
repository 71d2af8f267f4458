"""The first administrator's link, which nobody can guess, and registration tokens, for the server's administrator."""

from tests.authorisation.askers import NOBODY, SERVER_ADMINISTRATOR, Group
from tests.authorisation.rows import Rows, ask, at

_SERVER: Group = frozenset((SERVER_ADMINISTRATOR,))
_GUESS = {"token": "guess", "username": "new-$fresh", "password": "a fairly long password"}

ROWS: Rows = {
    "GET /first/{token}": (ask("a guess", at(token="guess"), may=NOBODY, refused=404),),
    "POST /first/{token}": (ask("a guess", at(token="guess"), body=_GUESS, may=NOBODY, refused=404),),
    "POST /_veche/v1/accounts/first": (ask("a guess", body=_GUESS, may=NOBODY, refused=404),),
    "GET /_veche/v1/registration_tokens": (ask(may=_SERVER, shows={"registration token": _SERVER}),),
    "POST /_veche/v1/registration_tokens": (
        ask("without a wish", body={}, may=_SERVER),
        ask("into a room of others", body={"rooms": ["$shared_room"]}, may=_SERVER),
        ask(
            "into a room that is not there", body={"rooms": ["!none"]}, may=NOBODY, refused={SERVER_ADMINISTRATOR: 400}
        ),
    ),
    "DELETE /_veche/v1/registration_tokens/{token}": (
        ask("one that is not there", at(token="none"), may=NOBODY, refused={SERVER_ADMINISTRATOR: 404}),
        ask("one that is there", at(token="$registration_token"), may=_SERVER),
    ),
}
