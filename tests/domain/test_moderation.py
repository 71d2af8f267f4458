"""Moderation: who may lock and suspend whom, and what whoever is suspended may not do."""

import pytest

from veche.domain.ids import DeviceId, UserId
from veche.domain.moderation import (
    FOR_EVER,
    LAST_ADMINISTRATOR,
    LOCKED,
    NO_LONGER_OPEN,
    SUSPENDED,
    Restriction,
    Standing,
    Target,
    may_be_reason,
    may_do_without,
    may_end_at,
    may_go_on,
    may_lift,
    may_look_up,
    may_restrict,
    may_take_part,
)
from veche.domain.refusals import Refusal
from veche.domain.sessions import OPERATOR, Asker, Role

ELENA = Asker(UserId("@elena:x"), DeviceId("E"), "administrator")
ANNA = UserId("@anna:x")


def target(role: Role = "user", user: UserId = ANNA, *, is_last: bool = False) -> Target:
    """Somebody who is to be locked."""
    return Target(user, role, is_last)


@pytest.mark.parametrize(
    ("asker", "who", "spares", "is_allowed"),
    [
        (ELENA, target(), True, True),
        (ELENA, target(), False, True),
        (ELENA, target(user=ELENA.user), False, False),
        (ELENA, target("administrator", ELENA.user), True, False),
        (ELENA, target("administrator"), False, True),
        (ELENA, target("administrator"), True, False),
        (OPERATOR, target("administrator"), False, True),
        (OPERATOR, target("administrator", is_last=True), False, False),
        (ELENA, target("administrator", is_last=True), False, False),
    ],
)
def test_who_may_lock_whom(asker: Asker, who: Target, spares: bool, is_allowed: bool) -> None:
    refusal = may_restrict(asker, who, spares_administrators=spares)
    assert (refusal is None) is is_allowed
    assert refusal is None or (refusal.code, refusal.status) == ("M_FORBIDDEN", 403)


@pytest.mark.parametrize(
    ("asker", "who", "spares", "is_allowed"),
    [
        (ELENA, target(), True, True),
        (ELENA, target("administrator", is_last=True), False, True),
        (ELENA, target("administrator"), True, False),
        (ELENA, target("administrator", ELENA.user), False, False),
        (OPERATOR, target("administrator"), False, True),
    ],
)
def test_who_may_let_whom_go(asker: Asker, who: Target, spares: bool, is_allowed: bool) -> None:
    refusal = may_lift(asker, who, spares_administrators=spares)
    assert (refusal is None) is is_allowed
    assert refusal is None or (refusal.code, refusal.status) == ("M_FORBIDDEN", 403)


@pytest.mark.parametrize(
    ("is_open", "is_locked", "is_suspended", "refusal"),
    [
        (True, False, False, None),
        (True, False, True, SUSPENDED),
        (True, True, True, LOCKED),
        (False, True, True, NO_LONGER_OPEN),
    ],
)
def test_who_may_end_what_they_began(
    is_open: bool, is_locked: bool, is_suspended: bool, refusal: Refusal | None
) -> None:
    assert may_go_on(Standing("user", is_open, is_locked, is_suspended)) == refusal
    assert may_go_on(None) == NO_LONGER_OPEN


def test_the_last_administrator_stays_one() -> None:
    assert may_do_without(target("administrator", is_last=True)) == LAST_ADMINISTRATOR
    assert may_do_without(target("administrator")) is None


def test_the_specification_tells_nothing_of_administrators() -> None:
    assert may_look_up(target()) is None
    assert may_look_up(target("administrator")) is not None


def test_whoever_is_suspended_takes_no_part() -> None:
    assert may_take_part(Asker(ANNA, DeviceId("A"))) is None
    assert may_take_part(Asker(ANNA, DeviceId("A"), is_suspended=True)) == SUSPENDED
    assert (SUSPENDED.code, SUSPENDED.status) == ("M_USER_SUSPENDED", 403)
    assert (LOCKED.code, LOCKED.status, LOCKED.extra) == ("M_USER_LOCKED", 401, {"soft_logout": True})


@pytest.mark.parametrize(("reason", "is_allowed"), [("", True), ("x" * 500, True), ("x" * 501, False), ("\x00", False)])
def test_reasons_are_short(reason: str, is_allowed: bool) -> None:
    assert (may_be_reason(reason) is None) is is_allowed


@pytest.mark.parametrize(("until", "is_allowed"), [(None, True), (101, True), (100, False), (0, False), (2**60, False)])
def test_an_end_lies_in_the_future(until: int | None, is_allowed: bool) -> None:
    assert (may_end_at(until, 100) is None) is is_allowed


def test_a_restriction_holds_until_its_end() -> None:
    restriction = Restriction(ANNA, "lock", 0, 100, ELENA.user, "why")
    assert (restriction.holds(99), restriction.holds(100)) == (True, False)
    assert Restriction(ANNA, "lock", 0, FOR_EVER, ELENA.user, "why").holds(2**52)
