"""What clients from before ``/sync`` read: no more, and no less, than the newer endpoints show."""

from tests.authorisation.askers import (
    FORMER,
    INVITED,
    JOINED,
    NOBODY,
    OWNER,
    SIGNED_IN,
    WERE_IN,
    Group,
)
from tests.authorisation.rows import Ask, Rows, ask, at

_NOWHERE = "!no:veche.test"


def _said(room: str, what: str, may: Group) -> Ask:
    """Ask about one event without saying in which room it is."""
    return ask(f"{what}, {room}", at(event_id=f"${room}_{what}"), may=may, refused=404, shows={f"{room}: {what}": may})


def _followed(room: str, may: Group, shows: dict[str, Group]) -> Ask:
    """Ask what was written into one room since the beginning."""
    return ask(f"in {room}", query={"from": "1", "room_id": f"${room}_room"}, may=may, shows=shows)


ROWS: Rows = {
    "GET /v3/initialSync": (
        ask(
            "with rooms that were left",
            query={"limit": "100", "archived": "true"},
            shows={
                "shared: after": JOINED,
                "shared: together": FORMER,
                "invited: reason of the invitation": frozenset((INVITED,)),
                **{f"status of the {asker}": JOINED for asker in JOINED},
                **{f"note of the {asker}": frozenset((asker,)) for asker in SIGNED_IN},
                **{f"note on the room of the {asker}": frozenset((asker,)) for asker in JOINED},
            },
        ),
        ask("with joined rooms only", query={"limit": "1"}),
    ),
    "GET /v3/rooms/{room_id}/initialSync": (
        ask(
            "a private room",
            at(room_id="$shared_room"),
            query={"limit": "100"},
            may=WERE_IN,
            shows={"shared: after": JOINED, "shared: together": WERE_IN, "shared: name after": JOINED},
        ),
        ask("one read by members only", at(room_id="$joined_room"), query={"limit": "100"}, may=WERE_IN),
        ask("one that the invited read", at(room_id="$invited_room"), query={"limit": "100"}, may=WERE_IN),
        ask(
            "where all may read; those who left are shown how it was then",
            at(room_id="$world_readable_room"),
            query={"limit": "100"},
            shows=dict.fromkeys(("world_readable: after", "world_readable: name after"), SIGNED_IN - FORMER),
        ),
        ask("the founder's own", at(room_id="$study"), may=OWNER),
        ask("no room", at(room_id=_NOWHERE), may=NOBODY),
    ),
    "GET /v3/events": (
        ask("of all rooms, from the beginning", query={"from": "1"}, shows={"shared: together": WERE_IN}),
        ask("of all rooms, from a foreign token", query={"from": "s1.1.0.0"}),
        ask("from now on"),
        _followed("shared", WERE_IN, {"shared: after": JOINED, "shared: together": WERE_IN}),
        _followed("joined", WERE_IN, {"joined: together": WERE_IN}),
        _followed("invited", WERE_IN | {INVITED}, {"invited: after": JOINED | {INVITED}}),
        _followed("world_readable", SIGNED_IN, {"world_readable: after": SIGNED_IN}),
        ask("of no room", query={"from": "1", "room_id": _NOWHERE}, may=NOBODY),
    ),
    "GET /v3/events/{event_id}": (
        _said("shared", "early", WERE_IN),
        _said("shared", "after", JOINED),
        _said("joined", "inviting", OWNER),
        _said("joined", "together", WERE_IN),
        _said("invited", "after", JOINED | {INVITED}),
        _said("world_readable", "after", SIGNED_IN),
        ask("none at all", at(event_id="$$nothing"), may=NOBODY, refused=404),
    ),
}
