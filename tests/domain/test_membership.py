"""Who may join, be invited, leave, be removed, banned, readmitted, or knock."""

from collections.abc import Callable
from typing import Any

import pytest

from veche.domain.events import GUEST_ACCESS, JOIN_RULES, MEMBER, POWER_LEVELS, Content, Draft, RoomState
from veche.domain.ids import UserId
from veche.domain.membership import (
    ALLOWED_BY,
    join_rule_of,
    may_change_membership,
    may_invite_somebody,
    may_join,
    may_kick,
    may_unban,
    membership_of,
    rooms_that_admit,
)
from veche.domain.refusals import Refusal

MakeRoom = Callable[..., RoomState]

ANNA, BORIS, CARLA, DMITRI = UserId("@anna:x"), UserId("@boris:x"), UserId("@carla:x"), UserId("@dmitri:x")

# Anna founded the room and has 100, Boris and Dmitri 50, Carla 0 (she comes and goes in the tables).
LEVELS: Content = {"users": {ANNA: 100, BORIS: 50, DMITRI: 50}, "invite": 10, "kick": 50, "ban": 50}
INSIDE = {ANNA: "join", BORIS: "join", DMITRI: "join"}
OK = ""


def drafted(target: str | None, membership: object, **more: object) -> Draft:
    return Draft(MEMBER, {"membership": membership, **more}, target)


def told(refusal: Refusal | None) -> str:
    return OK if refusal is None else refusal.text


def test_a_person_without_membership_counts_as_having_left(room: MakeRoom) -> None:
    state = room({BORIS: "invite"})
    assert (membership_of(state, BORIS), membership_of(state, CARLA)) == ("invite", "leave")


@pytest.mark.parametrize(
    ("content", "rule"),
    [(None, "invite"), ({}, "invite"), ({"join_rule": "knock"}, "knock"), ({"join_rule": ["public"]}, "private")],
)
def test_the_join_rule_of_a_room(room: MakeRoom, content: Content | None, rule: str) -> None:
    assert join_rule_of(room(state={} if content is None else {JOIN_RULES: content})) == rule


JOINS = [
    ("public", "leave", OK),
    ("public", "invite", OK),
    ("public", "knock", OK),
    ("public", "join", OK),
    ("public", "ban", "@carla:x is banned from the room"),
    ("invite", "leave", "@carla:x is not invited to the room"),
    ("invite", "knock", "@carla:x is not invited to the room"),
    ("invite", "invite", OK),
    ("invite", "join", OK),
    ("invite", "ban", "@carla:x is banned from the room"),
    ("knock", "leave", "@carla:x is not invited to the room"),
    ("knock", "knock", "@carla:x is not invited to the room"),
    ("knock", "invite", OK),
    ("knock", "join", OK),
    ("restricted", "leave", "@carla:x is not invited and satisfies no condition to join the room"),
    ("restricted", "invite", OK),
    ("restricted", "join", OK),
    ("restricted", "ban", "@carla:x is banned from the room"),
    ("knock_restricted", "knock", "@carla:x is not invited and satisfies no condition to join the room"),
    ("knock_restricted", "invite", OK),
    ("private", "leave", "@carla:x cannot join: nobody can while the room has this join rule"),
    ("private", "invite", "@carla:x cannot join: nobody can while the room has this join rule"),
    ("org.example.odd", "invite", "@carla:x cannot join: nobody can while the room has this join rule"),
]


@pytest.mark.parametrize(("rule", "now", "answer"), JOINS)
def test_carla_joins(room: MakeRoom, rule: str, now: str, answer: str) -> None:
    state = room({**INSIDE, CARLA: now}, {JOIN_RULES: {"join_rule": rule}})
    assert told(may_change_membership(state, CARLA, drafted(CARLA, "join"))) == answer


@pytest.mark.parametrize("rule", ["restricted", "knock_restricted"])
@pytest.mark.parametrize(
    ("now", "allowed_by", "answer"),
    [
        ("leave", BORIS, OK),
        ("knock", ANNA, OK),
        ("leave", DMITRI, "@dmitri:x needs power level 10 to invite, has 0"),
        ("leave", UserId("@emil:x"), "You are not in that room."),
        ("ban", BORIS, "@carla:x is banned from the room"),
    ],
)
def test_carla_is_let_in_by_a_member(room: MakeRoom, rule: str, now: str, allowed_by: UserId, answer: str) -> None:
    levels: Content = {"users": {ANNA: 100, BORIS: 50}, "invite": 10}
    state = room({**INSIDE, CARLA: now}, {JOIN_RULES: {"join_rule": rule}, POWER_LEVELS: levels})
    draft = drafted(CARLA, "join", **{ALLOWED_BY: allowed_by})
    assert told(may_change_membership(state, CARLA, draft, allowed_by=allowed_by)) == answer


@pytest.mark.parametrize(
    ("written", "allowed_by"),
    [({ALLOWED_BY: ANNA}, None), ({ALLOWED_BY: BORIS}, ANNA), ({}, ANNA), ({ALLOWED_BY: 7}, None)],
)
def test_nobody_can_write_their_own_pass(room: MakeRoom, written: dict[str, Any], allowed_by: UserId | None) -> None:
    state = room({**INSIDE, CARLA: "join"}, {JOIN_RULES: {"join_rule": "restricted"}})
    refusal = may_change_membership(state, CARLA, drafted(CARLA, "join", **written), allowed_by=allowed_by)
    assert told(refusal) == f"{ALLOWED_BY} may only name who lets the user in"


@pytest.mark.parametrize(
    ("rule", "allow", "rooms"),
    [
        ("restricted", [{"type": "m.room_membership", "room_id": "!hall:x"}], ("!hall:x",)),
        (
            "knock_restricted",
            [{"type": "m.room_membership", "room_id": "!hall:x"}, {"type": "m.room_membership", "room_id": "!yard"}],
            ("!hall:x", "!yard"),
        ),
        ("restricted", [], ()),
        ("restricted", None, ()),
        ("restricted", {"type": "m.room_membership", "room_id": "!hall:x"}, ()),
        ("restricted", ["!hall:x"], ()),
        ("restricted", [{"type": "org.example.moon", "room_id": "!hall:x"}], ()),
        ("restricted", [{"type": "m.room_membership"}], ()),
        ("restricted", [{"type": "m.room_membership", "room_id": 7}], ()),
        ("restricted", [{"type": "m.room_membership", "room_id": "hall"}], ()),
        ("public", [{"type": "m.room_membership", "room_id": "!hall:x"}], ()),
    ],
)
def test_the_rooms_that_admit_to_a_restricted_one(
    room: MakeRoom, rule: str, allow: object, rooms: tuple[str, ...]
) -> None:
    assert rooms_that_admit(room(state={JOIN_RULES: {"join_rule": rule, "allow": allow}})) == rooms


def test_no_room_admits_where_there_are_no_join_rules(room: MakeRoom) -> None:
    assert rooms_that_admit(room()) == ()


@pytest.mark.parametrize(
    ("guest_access", "is_guest", "answer"),
    [
        ({"guest_access": "can_join"}, True, OK),
        ({"guest_access": "forbidden"}, True, "@carla:x is a guest, and the room does not admit guests"),
        ({}, True, "@carla:x is a guest, and the room does not admit guests"),
        (None, True, "@carla:x is a guest, and the room does not admit guests"),
        (None, False, OK),
        ({"guest_access": "forbidden"}, False, OK),
    ],
)
def test_guests_join_where_guests_may(
    room: MakeRoom, guest_access: Content | None, is_guest: bool, answer: str
) -> None:
    extra = {} if guest_access is None else {GUEST_ACCESS: guest_access}
    state = room(INSIDE, {JOIN_RULES: {"join_rule": "public"}, **extra})
    assert told(may_change_membership(state, CARLA, drafted(CARLA, "join"), is_guest=is_guest)) == answer


def test_who_is_not_called_a_guest_joins_as_none(room: MakeRoom) -> None:
    assert may_join(room(INSIDE, {JOIN_RULES: {"join_rule": "public"}}), CARLA) is None


@pytest.mark.parametrize(
    ("who", "members", "answer"),
    [
        (ANNA, {}, OK),
        (BORIS, {}, "@boris:x is not invited to the room"),
        (ANNA, {ANNA: "leave"}, "@anna:x is not invited to the room"),
        (ANNA, {ANNA: "ban"}, "@anna:x is banned from the room"),
    ],
)
def test_the_creator_enters_first(room: MakeRoom, who: UserId, members: dict[UserId, str], answer: str) -> None:
    assert told(may_change_membership(room(members), who, drafted(who, "join"))) == answer


def test_nobody_enters_before_the_room_is_created(void: RoomState) -> None:
    assert told(may_change_membership(void, ANNA, drafted(ANNA, "join"))) == "@anna:x is not invited to the room"


INVITES = [
    (BORIS, "leave", OK),
    (BORIS, "knock", OK),
    (BORIS, "invite", OK),
    (BORIS, "join", "@carla:x is already in the room"),
    (BORIS, "ban", "@carla:x is banned from the room"),
    (UserId("@emil:x"), "leave", "You are not in that room."),
    (UserId("@fatima:x"), "leave", "@fatima:x needs power level 10 to invite, has 0"),
]


@pytest.mark.parametrize(("sender", "now", "answer"), INVITES)
def test_somebody_invites_carla(room: MakeRoom, sender: UserId, now: str, answer: str) -> None:
    people = {**INSIDE, UserId("@fatima:x"): "join", CARLA: now}
    state = room(people, {POWER_LEVELS: LEVELS})
    assert told(may_change_membership(state, sender, drafted(CARLA, "invite"))) == answer


def test_who_may_invite_at_all(room: MakeRoom) -> None:
    state = room({**INSIDE, CARLA: "join"}, {POWER_LEVELS: LEVELS})
    assert may_invite_somebody(state, BORIS) is None
    assert told(may_invite_somebody(state, CARLA)) == "@carla:x needs power level 10 to invite, has 0"


@pytest.mark.parametrize(
    ("now", "answer"),
    [
        ("join", OK),
        ("invite", OK),
        ("knock", OK),
        ("leave", "You are not in that room."),
        ("ban", "@carla:x is banned from the room"),
    ],
)
def test_carla_leaves(room: MakeRoom, now: str, answer: str) -> None:
    assert told(may_change_membership(room({CARLA: now}), CARLA, drafted(CARLA, "leave"))) == answer


# (who acts, on whom, the target's membership, what is said)
KICKS = [
    (BORIS, CARLA, "join", OK),
    (BORIS, CARLA, "invite", OK),
    (BORIS, CARLA, "knock", OK),
    (BORIS, CARLA, "leave", "@carla:x is not in the room"),
    (BORIS, DMITRI, "join", "@boris:x may not kick @dmitri:x, whose power level is as high or higher"),
    (BORIS, ANNA, "join", "@boris:x may not kick @anna:x, whose power level is as high or higher"),
    (ANNA, BORIS, "join", OK),
    (CARLA, BORIS, "join", "You are not in that room."),
]
BANS = [
    (BORIS, CARLA, "join", OK),
    (BORIS, CARLA, "invite", OK),
    (BORIS, CARLA, "knock", OK),
    (BORIS, CARLA, "leave", OK),
    (BORIS, CARLA, "ban", OK),
    (BORIS, BORIS, "join", "@boris:x may not ban @boris:x, whose power level is as high or higher"),
    (BORIS, DMITRI, "join", "@boris:x may not ban @dmitri:x, whose power level is as high or higher"),
    (BORIS, ANNA, "leave", "@boris:x may not ban @anna:x, whose power level is as high or higher"),
    (ANNA, BORIS, "join", OK),
    (CARLA, BORIS, "join", "You are not in that room."),
]
UNBANS = [
    (BORIS, CARLA, OK),
    (ANNA, CARLA, OK),
    (BORIS, DMITRI, "@boris:x may not unban @dmitri:x, whose power level is as high or higher"),
    (CARLA, DMITRI, "You are not in that room."),
]


@pytest.mark.parametrize(("sender", "target", "now", "answer"), KICKS)
def test_kicks(room: MakeRoom, sender: UserId, target: UserId, now: str, answer: str) -> None:
    state = room({**INSIDE, target: now}, {POWER_LEVELS: LEVELS})
    assert told(may_change_membership(state, sender, drafted(target, "leave"))) == answer


@pytest.mark.parametrize(("sender", "target", "now", "answer"), BANS)
def test_bans(room: MakeRoom, sender: UserId, target: UserId, now: str, answer: str) -> None:
    state = room({**INSIDE, target: now}, {POWER_LEVELS: LEVELS})
    assert told(may_change_membership(state, sender, drafted(target, "ban"))) == answer


@pytest.mark.parametrize(("sender", "target", "answer"), UNBANS)
def test_unbans(room: MakeRoom, sender: UserId, target: UserId, answer: str) -> None:
    state = room({**INSIDE, target: "ban"}, {POWER_LEVELS: LEVELS})
    assert told(may_change_membership(state, sender, drafted(target, "leave"))) == answer


@pytest.mark.parametrize(
    ("levels", "membership", "now", "answer"),
    [
        ({"kick": 51}, "leave", "join", "@boris:x needs power level 51 to kick, has 50"),
        ({"ban": 51}, "leave", "join", OK),
        ({"ban": 51}, "ban", "join", "@boris:x needs power level 51 to ban, has 50"),
        ({"kick": 51}, "ban", "join", OK),
        ({"ban": 51}, "leave", "ban", "@boris:x needs power level 51 to unban, has 50"),
        ({"kick": 51}, "leave", "ban", "@boris:x needs power level 51 to unban, has 50"),
    ],
)
def test_each_deed_has_its_level_and_unbanning_has_two(
    room: MakeRoom, levels: Content, membership: str, now: str, answer: str
) -> None:
    state = room({**INSIDE, CARLA: now}, {POWER_LEVELS: {**LEVELS, **levels}})
    assert told(may_change_membership(state, BORIS, drafted(CARLA, membership))) == answer


def test_to_kick_is_not_to_unban(room: MakeRoom) -> None:
    state = room({**INSIDE, CARLA: "ban"}, {POWER_LEVELS: LEVELS})
    assert told(may_kick(state, BORIS, CARLA)) == "@carla:x is banned from the room and cannot be kicked"


@pytest.mark.parametrize("now", ["join", "leave"])
def test_only_a_ban_can_be_lifted(room: MakeRoom, now: str) -> None:
    refusal = may_unban(room({**INSIDE, CARLA: now}, {POWER_LEVELS: LEVELS}), BORIS, CARLA)
    assert refusal is not None
    assert (refusal.code, refusal.text) == ("M_BAD_STATE", "@carla:x is not banned from the room")


def test_creators_with_infinite_power_cannot_be_removed_even_by_each_other(room: MakeRoom) -> None:
    state = room(INSIDE, {POWER_LEVELS: {"users": {DMITRI: 2**53 - 1}}}, version="12", additional_creators=[BORIS])
    refused = "whose power level is as high or higher"
    assert told(may_kick(state, ANNA, BORIS)).endswith(refused)
    assert told(may_kick(state, DMITRI, ANNA)).endswith(refused)
    assert may_kick(state, BORIS, DMITRI) is None


KNOCKS = [
    ("knock", "leave", OK),
    ("knock", "knock", OK),
    ("knock_restricted", "leave", OK),
    ("knock", "ban", "@carla:x is banned from the room"),
    ("knock", "invite", "@carla:x is invited to the room already"),
    ("knock", "join", "@carla:x is already in the room"),
    ("public", "leave", "@carla:x cannot knock on this room: its join rule does not allow it"),
    ("invite", "leave", "@carla:x cannot knock on this room: its join rule does not allow it"),
    ("restricted", "leave", "@carla:x cannot knock on this room: its join rule does not allow it"),
]


@pytest.mark.parametrize(("rule", "now", "answer"), KNOCKS)
def test_carla_knocks(room: MakeRoom, rule: str, now: str, answer: str) -> None:
    state = room({**INSIDE, CARLA: now}, {JOIN_RULES: {"join_rule": rule}})
    assert told(may_change_membership(state, CARLA, drafted(CARLA, "knock"))) == answer


@pytest.mark.parametrize("membership", ["join", "knock"])
def test_nobody_joins_or_knocks_for_somebody_else(room: MakeRoom, membership: str) -> None:
    state = room(INSIDE, {JOIN_RULES: {"join_rule": "public"}})
    refusal = may_change_membership(state, ANNA, drafted(CARLA, membership))
    assert told(refusal) == f"@anna:x cannot {membership} in the name of @carla:x"


@pytest.mark.parametrize(
    ("draft", "code", "field"),
    [
        (drafted(None, "join"), "M_BAD_JSON", "state_key"),
        (drafted("", "join"), "M_INVALID_PARAM", "state_key"),
        (drafted("carla", "invite"), "M_INVALID_PARAM", "state_key"),
        (drafted(CARLA, "absent"), "M_BAD_JSON", "membership"),
        (drafted(CARLA, None), "M_BAD_JSON", "membership"),
        (drafted(CARLA, ["join"]), "M_BAD_JSON", "membership"),
        (Draft(MEMBER, {}, CARLA), "M_BAD_JSON", "membership"),
        (drafted(CARLA, "invite", third_party_invite={"signed": {}}), "M_FORBIDDEN", None),
    ],
)
def test_memberships_of_the_wrong_shape(room: MakeRoom, draft: Draft, code: str, field: str | None) -> None:
    refusal = may_change_membership(room(INSIDE), ANNA, draft)
    assert refusal is not None
    assert (refusal.code, refusal.field) == (code, field)
