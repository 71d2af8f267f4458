"""Which events may be appended to a room, and by whom."""

from collections.abc import Callable

import pytest

from veche.domain.events import (
    CREATE,
    JOIN_RULES,
    MEMBER,
    MESSAGE,
    NAME,
    POWER_LEVELS,
    REDACTION,
    Content,
    Draft,
    RoomState,
)
from veche.domain.ids import UserId
from veche.domain.permissions import may_redact, may_send
from veche.domain.power_levels import power_levels
from veche.domain.refusals import Refusal

MakeRoom = Callable[..., RoomState]

ANNA, BORIS, CARLA, DMITRI = UserId("@anna:x"), UserId("@boris:x"), UserId("@carla:x"), UserId("@dmitri:x")

# Anna founded the room and has 100, Boris 50, Carla 0; Dmitri is not in it.
LEVELS: Content = {
    "users": {ANNA: 100, BORIS: 50},
    "events": {"m.room.encryption": 100, "org.example.news": 50, "org.example.pin": 0},
    "redact": 50,
}
INSIDE = {ANNA: "join", BORIS: "join", CARLA: "join"}
OK = ""


def told(refusal: Refusal | None) -> str:
    return OK if refusal is None else refusal.text


SENT = [
    (CARLA, MESSAGE, None, OK),
    (DMITRI, MESSAGE, None, "You are not in that room."),
    (CARLA, "org.example.news", None, "@carla:x needs power level 50 to send org.example.news, has 0"),
    (BORIS, "org.example.news", None, OK),
    (CARLA, NAME, "", "@carla:x needs power level 50 to send m.room.name, has 0"),
    (BORIS, NAME, "", OK),
    (BORIS, "m.room.encryption", "", "@boris:x needs power level 100 to send m.room.encryption, has 50"),
    (ANNA, "m.room.encryption", "", OK),
    (DMITRI, NAME, "", "You are not in that room."),
    (CARLA, "org.example.pin", "", OK),
    (CARLA, "org.example.pin", "a key", OK),
    (CARLA, "org.example.pin", CARLA, OK),
    (CARLA, "org.example.pin", BORIS, "@carla:x may not set state that belongs to @boris:x"),
    (ANNA, "org.example.pin", CARLA, "@anna:x may not set state that belongs to @carla:x"),
    (ANNA, "org.example.pin", "@", "@anna:x may not set state that belongs to @"),
    (CARLA, REDACTION, None, OK),
    (CARLA, "m.room.third_party_invite", "token", OK),
    (CARLA, "m.room.third_party_invite", BORIS, OK),
    (ANNA, CREATE, "", "a room has one m.room.create event only, its first"),
    (ANNA, "m.room.redaction", "x", "m.room.redaction is not state: some clients would take it for a redaction"),
    (ANNA, CREATE, None, "a room has one m.room.create event only, its first"),
    (ANNA, MEMBER, None, "a membership needs a state key"),
]


@pytest.mark.parametrize(("sender", "kind", "key", "answer"), SENT)
def test_what_is_sent(room: MakeRoom, sender: UserId, kind: str, key: str | None, answer: str) -> None:
    state = room(INSIDE, {POWER_LEVELS: LEVELS})
    assert told(may_send(state, sender, Draft(kind, {}, key))) == answer
    assert told(may_send(state, sender, Draft(kind, {}, key), levels=power_levels(state))) == answer


@pytest.mark.parametrize("membership", ["invite", "knock", "leave", "ban"])
def test_only_the_joined_may_send(room: MakeRoom, membership: str) -> None:
    state = room({**INSIDE, DMITRI: membership}, {POWER_LEVELS: {"users": {DMITRI: 100}}})
    assert told(may_send(state, DMITRI, Draft(MESSAGE, {"body": "hello"}))) == "You are not in that room."


def test_levels_at_hand_are_believed(room: MakeRoom) -> None:
    strict = power_levels(room(state={POWER_LEVELS: {"events_default": 1}}))
    refusal = may_send(room(INSIDE), CARLA, Draft(MESSAGE, {}), levels=strict)
    assert told(refusal) == "@carla:x needs power level 1 to send m.room.message, has 0"


def test_an_invited_person_joins_through_the_same_door(room: MakeRoom) -> None:
    state = room({**INSIDE, DMITRI: "invite"})
    assert may_send(state, DMITRI, Draft(MEMBER, {"membership": "join"}, DMITRI)) is None


def test_guests_and_those_let_in_are_told_apart_at_the_same_door(room: MakeRoom) -> None:
    state = room(INSIDE, {JOIN_RULES: {"join_rule": "restricted"}})
    draft = Draft(MEMBER, {"membership": "join", "join_authorised_via_users_server": ANNA}, DMITRI)
    assert may_send(state, DMITRI, draft, allowed_by=ANNA) is None
    refusal = may_send(state, DMITRI, draft, allowed_by=ANNA, is_guest=True)
    assert told(refusal) == "@dmitri:x is a guest, and the room does not admit guests"


@pytest.mark.parametrize(
    ("sender", "content", "answer"),
    [
        (ANNA, {"users": {ANNA: 100, CARLA: 50}}, OK),
        (BORIS, {"users": {ANNA: 0}}, "@boris:x has power level 50 and may not change @anna:x, which is 100"),
        (CARLA, {}, "@carla:x needs power level 50 to send m.room.power_levels, has 0"),
        (BORIS, {"ban": "50"}, "ban must be an integer"),
    ],
)
def test_power_levels_are_changed_within_ones_power(
    room: MakeRoom, sender: UserId, content: Content, answer: str
) -> None:
    state = room(INSIDE, {POWER_LEVELS: {"users": {ANNA: 100, BORIS: 50}}})
    assert told(may_send(state, sender, Draft(POWER_LEVELS, content, ""))) == answer


REDACTIONS = [
    (CARLA, CARLA, 0, OK),
    (CARLA, BORIS, 0, "@carla:x needs power level 50 to redact an event of @boris:x, has 0"),
    (BORIS, CARLA, 0, OK),
    (BORIS, ANNA, 0, OK),
    (CARLA, CARLA, 1, "@carla:x needs power level 1 to send m.room.redaction, has 0"),
    (BORIS, CARLA, 51, "@boris:x needs power level 51 to send m.room.redaction, has 50"),
    (DMITRI, DMITRI, 0, "You are not in that room."),
]


@pytest.mark.parametrize(("sender", "author", "needed", "answer"), REDACTIONS)
def test_who_may_redact_whom(room: MakeRoom, sender: UserId, author: UserId, needed: int, answer: str) -> None:
    levels = {**LEVELS, "events": {REDACTION: needed}}
    assert told(may_redact(room(INSIDE, {POWER_LEVELS: levels}), sender, author)) == answer
