"""A room's state: members see the present one, former members that of their leaving, others only what all may read."""

from tests.authorisation.askers import (
    FORMER,
    JOINED,
    LEFT,
    NOBODY,
    POWERFUL,
    WERE_IN,
)
from tests.authorisation.rows import Rows, ask, at

_STATE = "/v3/rooms/{room_id}/state"
_ONE = _STATE + "/{event_type}/{state_key}"
_TOPICS = {"shared: topic after": JOINED, "shared: topic together": FORMER}
_REASONS = {"shared: reason of the ban": JOINED, "shared: founder's name together": FORMER}
_TOPIC = {"event_type": "m.room.topic", "state_key": ""}

ROWS: Rows = {
    f"GET {_STATE}": (
        ask("of a private room", at(room_id="$shared_room"), may=WERE_IN, shows=_TOPICS | _REASONS),
        ask("of a room that all may read", at(room_id="$world_readable_room")),
        ask("of no room", at(room_id="!no:veche.test"), may=NOBODY),
    ),
    f"GET {_ONE}": (
        ask("the topic", at(room_id="$shared_room", **_TOPIC), may=WERE_IN, shows=_TOPICS),
        ask("the event", at(room_id="$shared_room", **_TOPIC), query={"format": "event"}, may=WERE_IN, shows=_TOPICS),
        ask("of a room that all may read", at(room_id="$world_readable_room", **_TOPIC)),
        ask(
            "what was never set",
            at(room_id="$shared_room", event_type="x.y", state_key=""),
            may=NOBODY,
            refused=dict.fromkeys(WERE_IN, 404),
        ),
    ),
    f"PUT {_ONE}": (
        ask("the topic", at(room_id="$shared_room", **_TOPIC), body={"topic": "$me"}, may=POWERFUL),
        ask("of a room that all may read", at(room_id="$world_readable_room", **_TOPIC), body={}, may=POWERFUL),
        ask("of no room", at(room_id="!no:veche.test", **_TOPIC), body={}, may=NOBODY),
        ask(
            "the membership of one who left",
            at(room_id="$shared_room", event_type="m.room.member", state_key="@farid:veche.test"),
            body={"membership": "join"},
            may=NOBODY,
        ),
    ),
    "GET /v3/rooms/{room_id}/members": (
        ask("now", at(room_id="$shared_room"), may=WERE_IN, shows=_REASONS),
        ask("as of a foreign token", at(room_id="$joined_room"), query={"at": "s1.1.0.0"}, may=WERE_IN),
        ask("of a room that all may read", at(room_id="$world_readable_room")),
        ask(
            "who left",
            at(room_id="$shared_room"),
            query={"membership": "leave"},
            may=WERE_IN,
            shows={"shared: reason of the leaving": JOINED | {LEFT}},
        ),
    ),
}
