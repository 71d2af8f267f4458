"""What a redaction leaves of an event's content, by room version."""

import pytest

from veche.domain.events import (
    CREATE,
    HISTORY_VISIBILITY,
    JOIN_RULES,
    MEMBER,
    MESSAGE,
    POWER_LEVELS,
    REDACTION,
    TOPIC,
    Content,
)
from veche.domain.redaction import redact
from veche.domain.rooms import room_version

ALLOW = [{"type": "m.room_membership", "room_id": "!hall:x"}]
LEVELS = {
    "ban": 1,
    "events": {"m.room.name": 2},
    "events_default": 3,
    "kick": 4,
    "redact": 5,
    "state_default": 6,
    "users": {"@anna:x": 7},
    "users_default": 8,
}
JOINED = {"membership": "join", "join_authorised_via_users_server": "@anna:x"}
SIGNED = {"signed": {"mxid": "@carla:x"}}

# (event type, content before, what room version 10 leaves, what room versions 11 and 12 leave)
ROWS: list[tuple[str, Content, Content, Content]] = [
    (MESSAGE, {"msgtype": "m.text", "body": "a secret"}, {}, {}),
    (TOPIC, {"topic": "a secret"}, {}, {}),
    (MEMBER, {**JOINED, "displayname": "Carla", "reason": "a secret"}, JOINED, JOINED),
    (MEMBER, {"membership": "leave"}, {"membership": "leave"}, {"membership": "leave"}),
    (
        MEMBER,
        {"membership": "invite", "third_party_invite": {"display_name": "C.", **SIGNED}},
        {"membership": "invite"},
        {"membership": "invite", "third_party_invite": SIGNED},
    ),
    (
        MEMBER,
        {"membership": "invite", "third_party_invite": {"display_name": "C."}},
        {"membership": "invite"},
        {"membership": "invite"},
    ),
    (
        MEMBER,
        {"membership": "invite", "third_party_invite": "signed"},
        {"membership": "invite"},
        {"membership": "invite"},
    ),
    (
        CREATE,
        {"creator": "@anna:x", "room_version": "10", "type": "m.space"},
        {"creator": "@anna:x"},
        {"creator": "@anna:x", "room_version": "10", "type": "m.space"},
    ),
    (
        JOIN_RULES,
        {"join_rule": "restricted", "allow": ALLOW, "note": "a secret"},
        {"join_rule": "restricted", "allow": ALLOW},
        {"join_rule": "restricted", "allow": ALLOW},
    ),
    (
        POWER_LEVELS,
        {**LEVELS, "invite": 9, "notifications": {"room": 10}},
        LEVELS,
        {**LEVELS, "invite": 9},
    ),
    (
        HISTORY_VISIBILITY,
        {"history_visibility": "joined", "note": "a secret"},
        {"history_visibility": "joined"},
        {"history_visibility": "joined"},
    ),
    (REDACTION, {"redacts": "$event", "reason": "a secret"}, {}, {"redacts": "$event"}),
]


@pytest.mark.parametrize(("kind", "content", "left_in_10", "left_since_11"), ROWS)
def test_what_is_left(kind: str, content: Content, left_in_10: Content, left_since_11: Content) -> None:
    for name, left in (("10", left_in_10), ("11", left_since_11), ("12", left_since_11)):
        version = room_version(name)
        assert version is not None
        assert redact(version, kind, content) == left
