"""Account data, tags and filters: everybody's own, nobody else's."""

from tests.authorisation.askers import OWNER, SIGNED_IN, Group
from tests.authorisation.rows import Rows, ask, at

_USER = "/v3/user/{user_id}"
_ROOM = _USER + "/rooms/{room_id}"
_NOTE = {"text": "changed"}


def _own(what: str) -> dict[str, Group]:
    """Everybody is shown what they keep themselves."""
    return {f"{what} of the {asker}": frozenset((asker,)) for asker in SIGNED_IN}


ROWS: Rows = {
    f"GET {_USER}/account_data/{{type}}": (
        ask("one's own", at(user_id="$me", type="org.veche.note"), shows=_own("note")),
        ask("the administrator's", at(user_id="$administrator", type="org.veche.note"), may=OWNER),
        ask("one's push rules", at(user_id="$me", type="m.push_rules"), shows=_own("push rule")),
        ask("the administrator's push rules", at(user_id="$administrator", type="m.push_rules"), may=OWNER),
    ),
    f"PUT {_USER}/account_data/{{type}}": (
        ask("one's own", at(user_id="$me", type="org.veche.note"), body=_NOTE),
        ask("the administrator's", at(user_id="$administrator", type="org.veche.note"), body=_NOTE, may=OWNER),
    ),
    f"GET {_ROOM}/account_data/{{type}}": (
        ask(
            "one's own",
            at(user_id="$me", room_id="$shared_room", type="org.veche.note"),
            shows=_own("note on the room"),
        ),
        ask("another's", at(user_id="$administrator", room_id="$shared_room", type="org.veche.note"), may=OWNER),
    ),
    f"PUT {_ROOM}/account_data/{{type}}": (
        ask("one's own", at(user_id="$me", room_id="$shared_room", type="org.veche.note"), body=_NOTE),
        ask("another's", at(user_id="$administrator", room_id="$shared_room", type="x.y"), body=_NOTE, may=OWNER),
    ),
    f"GET {_ROOM}/tags": (
        ask("one's own", at(user_id="$me", room_id="$shared_room"), shows=_own("tag")),
        ask("the administrator's", at(user_id="$administrator", room_id="$shared_room"), may=OWNER),
    ),
    f"PUT {_ROOM}/tags/{{tag}}": (
        ask("one's own", at(user_id="$me", room_id="$shared_room", tag="u.new"), body={}),
        ask(
            "the administrator's", at(user_id="$administrator", room_id="$shared_room", tag="u.new"), body={}, may=OWNER
        ),
    ),
    f"DELETE {_ROOM}/tags/{{tag}}": (
        ask("one's own", at(user_id="$me", room_id="$shared_room", tag="u.work")),
        ask("the administrator's", at(user_id="$administrator", room_id="$shared_room", tag="u.work"), may=OWNER),
    ),
    f"POST {_USER}/filter": (
        ask("one's own", at(user_id="$me"), body={"presence": {"limit": 1}}),
        ask("the administrator's", at(user_id="$administrator"), body={"presence": {"limit": 1}}, may=OWNER),
    ),
    f"GET {_USER}/filter/{{filter_id}}": (
        ask("one's own", at(user_id="$me", filter_id="$filter"), shows=_own("filter")),
        ask("the administrator's", at(user_id="$administrator", filter_id="$administrators_filter"), may=OWNER),
        ask(
            "the administrator's as one's own",
            at(user_id="$me", filter_id="$administrators_filter"),
            may=OWNER,
            refused=404,
        ),
    ),
}
