"""Push rules, notifications, pushers, receipts: everybody's own."""

from tests.authorisation.askers import JOINED, NOBODY, OWNER, SIGNED_IN
from tests.authorisation.rows import Rows, ask, at

_RULE = "/v3/pushrules/global/{kind}/{rule_id}"
_MINE = {"kind": "content", "rule_id": "mine"}
_OWN = {f"push rule of the {asker}": frozenset((asker,)) for asker in SIGNED_IN}
_OWN_PUSHER = {f"pusher of the {asker}": frozenset((asker,)) for asker in SIGNED_IN}
_OUTSIDE = {
    "app_id": "a",
    "pushkey": "k",
    "kind": "http",
    "app_display_name": "",
    "device_display_name": "",
    "lang": "en",
    "data": {"url": "https://example.org/_matrix/push/v1/notify"},
}

ROWS: Rows = {
    "GET /v3/pushrules/": (ask("all", shows=_OWN),),
    "GET /v3/pushrules/global/": (ask("all", shows=_OWN),),
    f"GET {_RULE}": (ask("one's own", _MINE, shows=_OWN),),
    f"PUT {_RULE}": (ask("one's own", _MINE, body={"pattern": "x", "actions": []}),),
    f"DELETE {_RULE}": (ask("one's own", _MINE),),
    f"GET {_RULE}/enabled": (ask("one's own", _MINE),),
    f"PUT {_RULE}/enabled": (ask("one's own", _MINE, body={"enabled": False}),),
    f"GET {_RULE}/actions": (ask("one's own", _MINE),),
    f"PUT {_RULE}/actions": (ask("one's own", _MINE, body={"actions": []}),),
    "GET /v3/notifications": (ask("all", shows={"shared: mention": OWNER, "joined: mention": OWNER}),),
    "GET /v3/pushers": (ask("one's own", shows=_OWN_PUSHER),),
    "POST /v3/pushers/set": (
        ask("an address outside", body=_OUTSIDE, may=NOBODY, refused=400),
        ask("none", body={"app_id": "a", "pushkey": "k", "kind": None}),
    ),
    "POST /v3/rooms/{room_id}/receipt/{receipt_type}/{event_id}": (
        ask("openly", at(room_id="$shared_room", receipt_type="m.read", event_id="$shared_after"), body={}, may=JOINED),
        ask(
            "privately", at(room_id="$shared_room", receipt_type="m.read.private", event_id="$shared_after"), may=JOINED
        ),
    ),
    "POST /v3/rooms/{room_id}/read_markers": (
        ask(
            "all",
            at(room_id="$shared_room"),
            body={"m.read": "$shared_after", "m.fully_read": "$shared_after"},
            may=JOINED,
        ),
    ),
}
