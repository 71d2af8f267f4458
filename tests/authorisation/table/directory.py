"""Directory: aliases lead whoever knows them; lists show what was published."""

from tests.authorisation.askers import (
    ADMINISTRATOR,
    EVERYBODY,
    JOINED,
    NOBODY,
    OWNER,
    POWERFUL,
    SERVER_ADMINISTRATOR,
    SIGNED_IN,
    STRANGER,
)
from tests.authorisation.rows import Rows, ask, at

_ALIAS = "/v3/directory/room/{room_alias}"
_LISTED = "/v3/directory/list/room/{room_id}"
_MAY_NAME = POWERFUL | {SERVER_ADMINISTRATOR}
_KNOW = SIGNED_IN - {STRANGER}
_LOBBY = {"name of the lobby": SIGNED_IN}
_ANNEX = {"name of the annex": JOINED, "topic of the annex": JOINED}
_CELLAR = {"name of the cellar": OWNER, "topic of the vat": OWNER}

ROWS: Rows = {
    f"GET {_ALIAS}": (
        ask("one that exists", at(room_alias="$alias"), may=EVERYBODY),
        ask("one that does not", at(room_alias="#nowhere:veche.test"), may=NOBODY, refused=404),
    ),
    f"PUT {_ALIAS}": (
        ask("for a room", at(room_alias="#new-$fresh:veche.test"), body={"room_id": "$shared_room"}, may=JOINED),
        ask("for no room", at(room_alias="#other-$fresh:veche.test"), body={"room_id": "!no:veche.test"}, may=NOBODY),
    ),
    f"DELETE {_ALIAS}": (ask("one of the administrator's", at(room_alias="$alias"), may=_MAY_NAME),),
    "GET /v3/rooms/{room_id}/aliases": (
        ask("of a private room", at(room_id="$shared_room"), may=JOINED, shows={"alias of the shared room": JOINED}),
        ask("of a room that all may read", at(room_id="$world_readable_room")),
        ask("of no room", at(room_id="!no:veche.test"), may=NOBODY),
    ),
    f"GET {_LISTED}": (
        ask("of a private room", at(room_id="$shared_room"), may=_KNOW, refused=404),
        ask("of one that all may read", at(room_id="$world_readable_room"), may=EVERYBODY),
        ask("of no room", at(room_id="!no:veche.test"), may=NOBODY, refused=404),
    ),
    f"PUT {_LISTED}": (
        ask(
            "of a private room",
            at(room_id="$shared_room"),
            body={"visibility": "private"},
            may=_MAY_NAME,
            refused={STRANGER: 404},
        ),
        ask("of no room", at(room_id="!no:veche.test"), body={"visibility": "private"}, may=NOBODY, refused=404),
    ),
    "GET /v3/publicRooms": (ask("all", shows=_LOBBY),),
    "POST /v3/publicRooms": (ask("all", body={}, shows=_LOBBY),),
    "GET /v1/room_summary/{room_id_or_alias}": (
        ask("of a public room", at(room_id_or_alias="$lobby"), shows=_LOBBY),
        ask("of a private one", at(room_id_or_alias="$study"), may=OWNER, refused=404),
        ask("of one with a rule nobody knows", at(room_id_or_alias="$vault"), may=OWNER, refused=404),
        ask("of one for those in another", at(room_id_or_alias="$annex"), may=JOINED, refused=404, shows=_ANNEX),
        ask("of the same by its alias", at(room_id_or_alias="#annex:veche.test"), may=JOINED, refused=404),
        ask("of no room", at(room_id_or_alias="!no:veche.test"), may=NOBODY, refused=404),
    ),
    "GET /v1/rooms/{room_id}/hierarchy": (
        ask("of a space for all", at(room_id="$house"), shows={**_LOBBY, **_ANNEX, **_CELLAR}),
        ask("of a closed space", at(room_id="$cellar"), may=OWNER, shows=_CELLAR),
        ask("of a public room", at(room_id="$lobby"), shows=_LOBBY),
        ask("of one for those in another", at(room_id="$annex"), may=JOINED, shows=_ANNEX),
        ask("of no room", at(room_id="!no:veche.test"), may=NOBODY),
    ),
    "GET /v1/mutual_rooms": (
        ask(
            "with the administrator",
            query={"user_id": "$administrator"},
            may=SIGNED_IN - OWNER,
            refused={ADMINISTRATOR: 400},
        ),
        ask("with a recluse", query={"user_id": "$recluse"}),
    ),
    "POST /v3/user_directory/search": (
        ask("everybody", body={"search_term": "@", "limit": 100}),
        ask("a recluse", body={"search_term": "$recluse"}),
    ),
}
