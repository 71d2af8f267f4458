"""Key backups: everybody's own; the number of another's backup leads nowhere."""

from typing import Any

from tests.authorisation.askers import OWNER, SIGNED_IN, Group
from tests.authorisation.rows import Row, Rows, ask, at

_VERSION, _KEYS = "/v3/room_keys/version", "/v3/room_keys/keys"
_ABOUT = {"algorithm": "m.megolm_backup.v1.curve25519-aes-sha2", "auth_data": {"public_key": "other"}}
_KEY: dict[str, Any] = {"first_message_index": 0, "forwarded_count": 0, "is_verified": True, "session_data": {}}
_ROOM = {"sessions": {"session": _KEY}}
_PUT = {"": {"rooms": {"$shared_room": _ROOM}}, "/{room_id}": _ROOM, "/{room_id}/{session_id}": _KEY}


def _own(what: str) -> dict[str, Group]:
    return {f"{what} of the {asker}": frozenset((asker,)) for asker in SIGNED_IN}


def _both(path: str, body: Any = None, *, shows: dict[str, Group] | None = None) -> Row:
    """In one's own backup, and in the administrator's."""
    place = {name: value for name, value in (("room_id", "$shared_room"), ("session_id", "session")) if name in path}
    own = ask("one's own", place, query={"version": "$version"}, body=body, shows=shows)
    query = {"version": "$administrators_version"}
    return own, ask("the administrator's", place, query=query, body=body, may=OWNER, refused=404)


_ONE: Row = (
    ask("one's own", at(version="$version")),
    ask("the administrator's", at(version="$administrators_version"), may=OWNER, refused=404),
)

ROWS: Rows = {
    f"POST {_VERSION}": (ask("one's own", body=_ABOUT),),
    f"GET {_VERSION}": (
        ask("one's own", shows={name: group for name, group in _own("backup").items() if group != OWNER}),
    ),
    f"GET {_VERSION}/{{version}}": _ONE,
    f"PUT {_VERSION}/{{version}}": (
        ask("one's own", at(version="$version"), body=_ABOUT),
        ask("the administrator's", at(version="$administrators_version"), body=_ABOUT, may=OWNER, refused=404),
    ),
    f"DELETE {_VERSION}/{{version}}": (
        ask("the administrator's", at(version="$administrators_version"), may=OWNER, refused=404),
    ),
    **{f"PUT {_KEYS}{path}": _both(path, body) for path, body in _PUT.items()},
    **{f"GET {_KEYS}{path}": _both(path, shows=_own("key in the backup")) for path in _PUT},
    **{f"DELETE {_KEYS}{path}": _both(path) for path in _PUT},
}
