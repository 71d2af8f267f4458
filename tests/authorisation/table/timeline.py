"""The timeline: who may write into it, and what of it who may read."""

from tests.authorisation.askers import (
    INVITED,
    JOINED,
    KNOCKING,
    MEMBER,
    NOBODY,
    OWNER,
    POWERFUL,
    SIGNED_IN,
    WERE_IN,
    Group,
)
from tests.authorisation.rows import Ask, Row, Rows, ask, at

_ROOM, _ROOM_V1 = "/v3/rooms/{room_id}", "/v1/rooms/{room_id}"
_HELLO = {"msgtype": "m.text", "body": "hello"}


def _said(room: str, what: str, may: Group, query: dict[str, str] | None) -> Ask:
    """Ask about one event of one of the stories; whoever may, is shown what was said."""
    place = {"room_id": f"${room}_room", "event_id": f"${room}_{what}"}
    return ask(f"{what}, {room}", place, query=query, may=may, refused=404, shows={f"{room}: {what}": may})


def _stories(query: dict[str, str] | None = None) -> Row:
    """Ask about what was said before, while and after people were in rooms of each visibility."""
    return (
        _said("shared", "early", WERE_IN, query),
        _said("shared", "after", JOINED, query),
        _said("joined", "inviting", OWNER, query),
        _said("joined", "together", WERE_IN, query),
        _said("invited", "after", JOINED | {INVITED}, query),
        _said("world_readable", "after", SIGNED_IN, query),
        ask("of another room", at(room_id="$lobby", event_id="$shared_after"), query=query, may=NOBODY, refused=404),
        ask("of no room", at(room_id="!no:veche.test", event_id="$shared_after"), query=query, may=NOBODY, refused=404),
    )


ROWS: Rows = {
    f"PUT {_ROOM}/send/{{event_type}}/{{txn_id}}": (
        ask("a message", at(room_id="$shared_room", event_type="m.room.message", txn_id="1"), body=_HELLO, may=JOINED),
        ask(
            "into a room that all may read",
            at(room_id="$world_readable_room", event_type="m.room.message", txn_id="1"),
            body=_HELLO,
            may=JOINED,
        ),
        ask("into no room", at(room_id="!no:veche.test", event_type="x.y", txn_id="1"), body={}, may=NOBODY),
    ),
    f"PUT {_ROOM}/redact/{{event_id}}/{{txn_id}}": (
        ask(
            "the administrator's",
            at(room_id="$shared_room", event_id="$shared_early", txn_id="1"),
            body={},
            may=POWERFUL,
        ),
        ask(
            "a member's",
            at(room_id="$shared_room", event_id="$shared_mention", txn_id="2"),
            body={},
            may=POWERFUL | {MEMBER},
        ),
    ),
    f"GET {_ROOM}/event/{{event_id}}": _stories(),
    f"GET {_ROOM}/context/{{event_id}}": _stories({"limit": "20", "filter": '{"lazy_load_members":true}'}),
    f"GET {_ROOM}/messages": (
        ask(
            "back from now",
            at(room_id="$shared_room"),
            query={"dir": "b", "limit": "100"},
            may=WERE_IN,
            shows={"shared: after": JOINED, "shared: early": WERE_IN},
        ),
        ask(
            "forth from a foreign token",
            at(room_id="$joined_room"),
            query={"dir": "f", "from": "1", "limit": "100"},
            may=WERE_IN,
            shows={"joined: together": WERE_IN},
        ),
        ask(
            "where the invited may read",
            at(room_id="$invited_room"),
            query={"dir": "b", "limit": "100"},
            may=WERE_IN | {INVITED},
            shows={"invited: inviting": WERE_IN | {INVITED}},
        ),
        ask("where all may read", at(room_id="$world_readable_room"), query={"dir": "b"}),
        ask("of no room", at(room_id="!no:veche.test"), query={"dir": "b"}, may=NOBODY),
    ),
    f"GET {_ROOM_V1}/relations/{{event_id}}": (
        ask(
            "what was said while all were there",
            at(room_id="$shared_room", event_id="$shared_together"),
            query={"limit": "50"},
            may=WERE_IN,
            refused=404,
            shows={"shared: thread": JOINED, "shared: reaction": JOINED, "shared: edit of the root": JOINED},
        ),
        ask("what was said later", at(room_id="$shared_room", event_id="$shared_after"), may=JOINED, refused=404),
        ask("of another room", at(room_id="$lobby", event_id="$shared_after"), may=NOBODY, refused=404),
    ),
    f"GET {_ROOM_V1}/threads": (
        ask("of a room", at(room_id="$shared_room"), may=WERE_IN, shows={"shared: thread": JOINED}),
        ask("of one read by members only", at(room_id="$joined_room"), may=WERE_IN),
        ask("of one that the invited read", at(room_id="$invited_room"), may=WERE_IN | {INVITED}),
        ask("where all may read", at(room_id="$world_readable_room"), shows={"world_readable: thread": SIGNED_IN}),
        ask("of no room", at(room_id="!no:veche.test"), may=NOBODY),
    ),
    f"GET {_ROOM_V1}/timestamp_to_event": (
        ask("long ago", at(room_id="$shared_room"), query={"ts": "0", "dir": "f"}, may=WERE_IN),
        ask("where all may read", at(room_id="$world_readable_room"), query={"ts": "0", "dir": "f"}),
        ask("of no room", at(room_id="!no:veche.test"), query={"ts": "0", "dir": "f"}, may=NOBODY),
    ),
    "GET /v3/sync": (
        ask(
            "at first",
            query={"filter": '{"room":{"timeline":{"limit":100}}}'},
            shows={
                "shared: after": JOINED,
                "joined: name after": JOINED | {INVITED, KNOCKING},
                **{f"status of the {asker}": JOINED for asker in JOINED},
                **{f"note of the {asker}": frozenset((asker,)) for asker in SIGNED_IN},
                **{f"message to the device of the {asker}": frozenset((asker,)) for asker in SIGNED_IN},
            },
        ),
        ask(
            "from a foreign token",
            query={"since": "s1.1.0.0", "use_state_after": "true"},
            shows={f"status of the {asker}": JOINED for asker in JOINED},
        ),
    ),
}
