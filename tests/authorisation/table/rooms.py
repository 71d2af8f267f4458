"""Membership: who may come in, go, bring others, and send them away."""

from tests.authorisation.askers import (
    FORMER,
    INVITED,
    JOINED,
    KNOCKING,
    LEFT,
    NOBODY,
    OWNER,
    POWERFUL,
    SERVER_ADMINISTRATOR,
    STRANGER,
)
from tests.authorisation.rows import Row, Rows, ask, at

_ROOM = "/v3/rooms/{room_id}"
_MAY_JOIN = JOINED | {INVITED}
_MAY_KNOCK = frozenset((STRANGER, LEFT, KNOCKING, SERVER_ADMINISTRATOR))
_NO_ROOM = "!no:veche.test"
_STILL_THERE = dict.fromkeys((*JOINED, INVITED, KNOCKING), 400)
_NEVER_THERE = dict.fromkeys((STRANGER, SERVER_ADMINISTRATOR), 404)


def _entering(parameter: str) -> Row:
    """Into a room for the invited, into one for all, into one for nobody, and into none at all."""
    return (
        ask("a private room", {parameter: "$shared_room"}, may=_MAY_JOIN),
        ask("a public room", {parameter: "$lobby"}),
        ask("a room with a rule nobody knows", {parameter: "$vault"}, may=OWNER),
        ask("no room", {parameter: _NO_ROOM}, may=NOBODY),
    )


ROWS: Rows = {
    "POST /v3/createRoom": (ask("a private one", body={"name": "x", "invite": ["$friend"]}),),
    f"POST {_ROOM}/join": _entering("room_id"),
    "POST /v3/join/{room_id_or_alias}": (
        *_entering("room_id_or_alias"),
        ask("by an alias", at(room_id_or_alias="#lobby:veche.test")),
    ),
    "POST /v3/knock/{room_id_or_alias}": (
        ask("on a private room", at(room_id_or_alias="$shared_room"), may=_MAY_KNOCK),
        ask("on a room that cannot be knocked on", at(room_id_or_alias="$vault"), may=NOBODY),
        ask("on no room", at(room_id_or_alias=_NO_ROOM), may=NOBODY),
    ),
    f"POST {_ROOM}/leave": (
        ask("a private room", at(room_id="$shared_room"), may=JOINED | {INVITED, KNOCKING, LEFT}),
        ask("no room", at(room_id=_NO_ROOM), may=NOBODY),
    ),
    f"POST {_ROOM}/forget": (
        ask("a private room", at(room_id="$shared_room"), may=FORMER, refused=_STILL_THERE | _NEVER_THERE),
        ask("no room", at(room_id=_NO_ROOM), may=NOBODY, refused=404),
    ),
    f"POST {_ROOM}/invite": (
        ask("a friend", at(room_id="$shared_room"), body={"user_id": "$friend"}, may=JOINED),
        ask("into no room", at(room_id=_NO_ROOM), body={"user_id": "$friend"}, may=NOBODY),
    ),
    f"POST {_ROOM}/kick": (
        ask("a guest", at(room_id="$shared_room"), body={"user_id": "$guest"}, may=POWERFUL),
        ask("the administrator", at(room_id="$shared_room"), body={"user_id": "$administrator"}, may=NOBODY),
        ask("from no room", at(room_id=_NO_ROOM), body={"user_id": "$guest"}, may=NOBODY),
    ),
    f"POST {_ROOM}/ban": (
        ask("a guest", at(room_id="$shared_room"), body={"user_id": "$guest"}, may=POWERFUL),
        ask("the administrator", at(room_id="$shared_room"), body={"user_id": "$administrator"}, may=NOBODY),
    ),
    f"POST {_ROOM}/unban": (ask("an outcast", at(room_id="$shared_room"), body={"user_id": "$outcast"}, may=POWERFUL),),
    f"POST {_ROOM}/upgrade": (
        ask("a private room", at(room_id="$shared_room"), body={"new_version": "12"}, may=OWNER),
        ask("one that all may read", at(room_id="$world_readable_room"), body={"new_version": "11"}, may=OWNER),
        ask("no room", at(room_id=_NO_ROOM), body={"new_version": "12"}, may=NOBODY),
    ),
    f"GET {_ROOM}/joined_members": (
        ask(
            "of a private room", at(room_id="$shared_room"), may=JOINED, shows={"shared: founder's name after": JOINED}
        ),
        ask("of a room that all may read", at(room_id="$world_readable_room"), may=JOINED),
    ),
    "GET /v3/joined_rooms": (ask(),),
}
