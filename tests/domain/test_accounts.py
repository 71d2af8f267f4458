"""Accounts: which names and passwords a new one may have."""

import pytest

from veche.domain.accounts import (
    DUMMY,
    REGISTRATION_TOKEN,
    RegistrationToken,
    flows_of_registration,
    folded,
    may_administer,
    may_be_token,
    may_bear,
)
from veche.domain.accounts.addresses import EMAIL_IDENTITY
from veche.domain.ids import DeviceId, UserId
from veche.domain.sessions import OPERATOR, Asker, Flows
from veche.domain.settings import Limits, Registration

LIMITS = Limits(server_name="x")


@pytest.mark.parametrize("name", ["anna", "a", "0", "anna.b_c=d-e/f+g", "a" * 252])
def test_a_new_account_may_bear(name: str) -> None:
    assert may_bear(name, LIMITS) is None


@pytest.mark.parametrize("name", ["", "Anna", "anna b", "anna:x", "@anna", "анна", "anna\x00", "anna\n", "a" * 253])
def test_a_new_account_may_not_bear(name: str) -> None:
    refusal = may_bear(name, LIMITS)
    assert refusal is not None
    assert (refusal.code, refusal.status) == ("M_INVALID_USERNAME", 400)


@pytest.mark.parametrize(("name", "fits"), [("anna.k", True), ("anna", False), ("anna.k.z", False)])
def test_the_pattern_matches_the_whole_name(name: str, fits: bool) -> None:
    limits = Limits(server_name="x", user_name_pattern=r"[a-z]+\.[a-z]")
    assert (may_bear(name, limits) is None) is fits


def test_capitals_are_another_way_of_writing() -> None:
    assert folded("Anna") == "anna"


@pytest.mark.parametrize(
    ("registration", "sends", "requires", "flows"),
    [
        ("open", False, False, ((DUMMY,),)),
        ("open", True, False, ((DUMMY,), (EMAIL_IDENTITY,))),
        ("open", True, True, ((EMAIL_IDENTITY,),)),
        ("token", False, False, ((REGISTRATION_TOKEN,),)),
        ("token", True, False, ((REGISTRATION_TOKEN,), (EMAIL_IDENTITY, REGISTRATION_TOKEN))),
        ("token", True, True, ((EMAIL_IDENTITY, REGISTRATION_TOKEN),)),
        ("closed", True, True, ()),
    ],
)
def test_how_people_register(registration: Registration, sends: bool, requires: bool, flows: Flows) -> None:
    limits = Limits("x", registration, sends_mail=sends, registration_requires_mail=requires)
    assert flows_of_registration(limits) == flows


@pytest.mark.parametrize(
    ("token", "is_valid"),
    [
        (RegistrationToken("t", None, 99, None, 0), True),
        (RegistrationToken("t", 2, 1, None, 0), True),
        (RegistrationToken("t", 2, 2, None, 0), False),
        (RegistrationToken("t", None, 0, 1001, 0), True),
        (RegistrationToken("t", None, 0, 1000, 0), False),
        (RegistrationToken("t", None, 0, None, 0, revoked_ts=5), False),
    ],
)
def test_a_registration_token_is_valid(token: RegistrationToken, is_valid: bool) -> None:
    assert token.is_valid(1000) is is_valid


@pytest.mark.parametrize(
    ("text", "fits"),
    [("a", True), ("A-z0.9_~", True), ("x" * 64, True), ("", False), ("x" * 65, False), ("a b", False)],
)
def test_a_registration_token_reads(text: str, fits: bool) -> None:
    assert (may_be_token(text) is None) is fits


def test_administrators_and_the_operator_look_after_accounts() -> None:
    anna = UserId("@anna:x")
    assert may_administer(OPERATOR) is None
    assert may_administer(Asker(anna, DeviceId("A"), "administrator")) is None
    refusal = may_administer(Asker(anna, DeviceId("A")))
    assert refusal is not None
    assert refusal.status == 403
