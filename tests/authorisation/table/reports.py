"""Reports: who may report what, who reads it, and that answers do not tell what exists."""

from tests.authorisation.askers import JOINED, NOBODY, SERVER_ADMINISTRATOR, Group
from tests.authorisation.rows import Rows, ask, at

_READS: Group = frozenset((SERVER_ADMINISTRATOR,))
_WHY = {"reason": "why"}
_REPORTS = "/_veche/v1/reports"
_GONE = {SERVER_ADMINISTRATOR: 404}

ROWS: Rows = {
    "POST /v3/rooms/{room_id}/report/{event_id}": (
        ask(
            "what members see", at(room_id="$shared_room", event_id="$shared_early"), body=_WHY, may=JOINED, refused=404
        ),
        ask(
            "what was said before they came",
            at(room_id="$joined_room", event_id="$joined_early"),
            body=_WHY,
            may=frozenset(("administrator",)),
            refused=404,
        ),
        ask(
            "where all may read",
            at(room_id="$world_readable_room", event_id="$world_readable_early"),
            body=_WHY,
            may=JOINED,
            refused=404,
        ),
        ask("of another room", at(room_id="$lobby", event_id="$shared_early"), body=_WHY, may=NOBODY, refused=404),
    ),
    "POST /v3/rooms/{room_id}/report": (
        ask("a private one", at(room_id="$shared_room"), body=_WHY),
        ask("none", at(room_id="!no:veche.test"), body=_WHY),
    ),
    "POST /v3/users/{user_id}/report": (
        ask("somebody", at(user_id="$administrator"), body=_WHY),
        ask("nobody", at(user_id="@nobody-here:veche.test"), body=_WHY),
    ),
    f"GET {_REPORTS}": (
        ask("all", may=_READS, shows={"reason of the report": _READS}),
        ask("open ones about a room", query={"state": "open", "room_id": "$shared_room"}, may=_READS),
    ),
    f"GET {_REPORTS}/{{number}}": (
        ask("one", at(number="1"), may=_READS, shows={"reported event": _READS, "reason of the report": _READS}),
        ask("none", at(number="77"), may=NOBODY, refused=_GONE),
    ),
    f"POST {_REPORTS}/{{number}}/close": (
        ask("none", at(number="77"), body={}, may=NOBODY, refused=_GONE),
        ask("one", at(number="1"), body={"note": "seen to"}, may=_READS),
    ),
}
