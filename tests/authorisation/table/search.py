"""Searching: everybody finds what they may read in rooms they were in, and nobody learns of more."""

from typing import Any

from tests.authorisation.askers import JOINED, NOBODY, WERE_IN
from tests.authorisation.rows import Rows, ask


def _search(room: str | None, **more: Any) -> dict[str, Any]:
    """All canaries begin alike. A result shows what surrounds it, and the room's state."""
    rooms = {} if room is None else {"rooms": [f"${room}_room"]}
    criteria = {
        "search_term": "canary",
        "filter": {**rooms, "limit": 50},
        "order_by": "recent",
        "event_context": {"before_limit": 5, "after_limit": 5, "include_profile": True},
        "groupings": {"group_by": [{"key": "room_id"}, {"key": "sender"}]},
        **more,
    }
    return {"search_categories": {"room_events": criteria}}


ROWS: Rows = {
    "POST /v3/search": (
        ask("everywhere", body=_search(None)),
        ask("everywhere, best first, with the state", body=_search(None, order_by="rank", include_state=True)),
        ask(
            "where members read what was before them",
            body=_search("shared"),
            shows={
                "shared: early": WERE_IN,
                "shared: after": JOINED,
                "shared: edit of the root": JOINED,
                "shared: name after": JOINED,
                "shared: topic early": WERE_IN,
            },
        ),
        ask(
            "where members read what was while they were there",
            body=_search("joined"),
            shows={"joined: together": JOINED},
        ),
        ask("where the invited read", body=_search("invited"), shows={"invited: inviting": WERE_IN}),
        ask("where all read", body=_search("world_readable"), shows={"world_readable: after": WERE_IN}),
        ask("with a foreign token", query={"next_batch": "lAECA8A"}, body=_search(None), may=NOBODY, refused=400),
    ),
}
