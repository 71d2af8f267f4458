"""Passwords: what the policy asks of them, how it changes, and the codes for forgotten ones."""

import pytest

from veche.domain.accounts.passwords import (
    CODE_LENGTH,
    DAY_MS,
    CharacterClass,
    PasswordPolicy,
    PolicyChange,
    bare_code,
    changed_policy,
    code_from,
    first_policy,
    is_too_old,
    may_be_policy,
    may_choose_password,
)
from veche.domain.settings import Limits

LIMITS = Limits(server_name="x", common_passwords=frozenset({"password1234", "парольпароль"}))
FIRST = first_policy(LIMITS)


def fault(password: str, name: str = "anna", policy: PasswordPolicy = FIRST) -> str | None:
    """Return which part of the policy a password does not do justice to."""
    refusal = may_choose_password(password, name, policy, LIMITS)
    if refusal is None:
        return None
    assert (refusal.code, refusal.status) == ("M_WEAK_PASSWORD", 400)
    assert password == "" or password not in refusal.text
    return refusal.field


@pytest.mark.parametrize("password", ["abcd" * 3, "correct horse", "длинный пароль", "1234" * 250])
def test_a_password_may_be(password: str) -> None:
    assert fault(password) is None


@pytest.mark.parametrize(
    ("password", "name", "part"),
    [
        ("", "anna", "least_length"),
        ("a" * 11, "anna", "least_length"),
        ("ж" * 11, "anna", "least_length"),
        ("a" * 1001, "anna", "most_length"),
        ("password1234", "anna", "forbids_common"),
        ("PassWord1234", "anna", "forbids_common"),
        ("ПарольПароль", "anna", "forbids_common"),
        ("a" * 12, "anna", "forbids_common"),
        (" " * 12, "anna", "forbids_common"),
        ("\0" * 12, "anna", "forbids_common"),
        ("aAbBcCaAbBcC", "anna", "forbids_common"),
        ("annapetrovna", "annapetrovna", "forbids_user_name"),
        ("AnnaPetrovna", "annapetrovna", "forbids_user_name"),
        ("@annapetrov:x", "annapetrov", "forbids_user_name"),
        ("long and Anna", "anna", "forbids_user_name"),
    ],
)
def test_a_password_is_too_weak(password: str, name: str, part: str) -> None:
    assert fault(password, name) == part


def test_a_short_name_may_stand_in_a_password_by_chance() -> None:
    assert fault("reliable horse", "li") is None
    assert fault("banana and pear", "") is None


def test_the_shortest_password_is_a_setting_at_first() -> None:
    limits = Limits(server_name="x", shortest_password=3)
    assert may_choose_password("abc", "anna", first_policy(limits), limits) is None
    assert may_choose_password("ab", "anna", first_policy(limits), limits) is not None


@pytest.mark.parametrize(
    ("password", "missing"),
    [
        ("Ab1-Ab1-Ab1-", []),
        ("Жа1-жа1-жа1-", []),
        ("ab1-ab1-ab1-", ["upper"]),
        ("AB1-AB1-AB1-", ["lower"]),
        ("abcdefghijkl", ["upper", "digit", "symbol"]),
        ("123456781234", ["lower", "upper", "symbol"]),
    ],
)
def test_every_class_that_is_asked_for_must_be_there(password: str, missing: list[str]) -> None:
    policy = PasswordPolicy(classes=("lower", "upper", "digit", "symbol"))
    refusal = may_choose_password(password, "anna", policy, LIMITS)
    found = [] if refusal is None or refusal.extra is None else refusal.extra["org.veche.missing"]
    assert found == missing
    assert refusal is None or refusal.field == "classes"


def test_what_is_not_forbidden_is_allowed() -> None:
    policy = PasswordPolicy(least_length=1, forbids_user_name=False, forbids_common=False)
    assert [fault(password, "anna", policy) for password in ("anna", "password1234", "xxx")] == [None] * 3


def test_a_change_leaves_the_rest_as_it_is() -> None:
    policy = PasswordPolicy(least_length=20, classes=("digit",), forbids_common=False)
    changed = changed_policy(policy, PolicyChange(classes=("symbol", "upper", "symbol"), maximum_age_days=90))
    assert changed == PasswordPolicy(20, ("upper", "symbol"), forbids_common=False, maximum_age_days=90)
    assert changed_policy(changed, PolicyChange(classes=(), forbids_common=True)).classes == ()
    assert changed_policy(policy, PolicyChange()) == policy


@pytest.mark.parametrize(
    ("policy", "field"),
    [
        (PasswordPolicy(), None),
        (PasswordPolicy(1000, maximum_age_days=3650), None),
        (PasswordPolicy(0), "least_length"),
        (PasswordPolicy(1001), "least_length"),
        (PasswordPolicy(maximum_age_days=-1), "maximum_age_days"),
        (PasswordPolicy(maximum_age_days=3651), "maximum_age_days"),
    ],
)
def test_which_policies_can_be(policy: PasswordPolicy, field: str | None) -> None:
    refusal = may_be_policy(policy)
    assert (refusal.field if refusal else None) == field


@pytest.mark.parametrize(
    ("days", "age_days", "too_old"), [(0, 5000, False), (90, 89, False), (90, 90, True), (1, 400, True)]
)
def test_passwords_grow_old_only_where_that_was_asked_for(days: int, age_days: int, too_old: bool) -> None:
    now = 10_000 * DAY_MS
    assert is_too_old(now - age_days * DAY_MS, PasswordPolicy(maximum_age_days=days), now) is too_old


def test_a_code_is_readable_and_every_letter_as_likely() -> None:
    letters = [code_from(bytes([number] * CODE_LENGTH)) for number in range(256)]
    assert {letter[0] for letter in letters}.isdisjoint("01IO")
    assert all(letters.count(code) == 8 for code in letters)
    assert code_from(bytes(range(CODE_LENGTH))) == "23456-789AB"


@pytest.mark.parametrize("typed", ["ABCDE-FGHJK", "abcde-fghjk", " abcde fghjk ", "ABCDEFGHJK", "a-b-c-d-e-f-g-h-j-k"])
def test_a_code_may_be_typed_in_many_ways(typed: str) -> None:
    assert bare_code(typed) == "ABCDEFGHJK"


CLASSES: tuple[CharacterClass, ...] = ("lower", "upper", "digit", "symbol")


@pytest.mark.parametrize("one", CLASSES)
def test_each_class_can_be_told_from_the_others(one: CharacterClass) -> None:
    policy = PasswordPolicy(least_length=1, classes=(one,))
    shown = {"lower": "é", "upper": "Ж", "digit": "7", "symbol": "☃"}
    passing = [name for name, letter in shown.items() if fault(letter, "anna", policy) is None]
    assert passing == [one]
