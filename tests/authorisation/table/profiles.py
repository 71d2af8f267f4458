"""Profiles, for all who are signed in; presence and typing, for those who share a room."""

from tests.authorisation.askers import JOINED, OWNER, SIGNED_IN
from tests.authorisation.rows import Rows, ask, at

_PROFILE = "/v3/profile/{user_id}"
_STATUS = "/v3/presence/{user_id}/status"
_HOBBY = {"hobby of the administrator": SIGNED_IN}

ROWS: Rows = {
    f"GET {_PROFILE}": (ask("the administrator's", at(user_id="$administrator"), shows=_HOBBY),),
    f"GET {_PROFILE}/{{key}}": (ask("a field", at(user_id="$administrator", key="org.veche.hobby"), shows=_HOBBY),),
    f"PUT {_PROFILE}/{{key}}": (
        ask("one's own", at(user_id="$me", key="displayname"), body={"displayname": "new"}),
        ask("the administrator's", at(user_id="$administrator", key="x.y"), body={"x.y": 1}, may=OWNER),
    ),
    f"DELETE {_PROFILE}/{{key}}": (
        ask("one's own", at(user_id="$me", key="org.veche.hobby")),
        ask("the administrator's", at(user_id="$administrator", key="org.veche.hobby"), may=OWNER),
    ),
    f"GET {_STATUS}": (
        ask(
            "the administrator's",
            at(user_id="$administrator"),
            may=JOINED,
            shows={"status of the administrator": JOINED},
        ),
        ask("nobody's", at(user_id="@nobody-at-all:veche.test"), may=frozenset()),
    ),
    f"PUT {_STATUS}": (
        ask("one's own", at(user_id="$me"), body={"presence": "online"}),
        ask("the administrator's", at(user_id="$administrator"), body={"presence": "offline"}, may=OWNER),
    ),
    "PUT /v3/rooms/{room_id}/typing/{user_id}": (
        ask("oneself", at(room_id="$shared_room", user_id="$me"), body={"typing": True}, may=JOINED),
        ask(
            "the administrator", at(room_id="$shared_room", user_id="$administrator"), body={"typing": True}, may=OWNER
        ),
    ),
}
