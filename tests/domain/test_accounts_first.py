"""The first administrator: which links work, and everything that is wrong with what was entered."""

from typing import Any

import pytest

from veche.domain.accounts.first import FAULTS, FirstLink, FirstWish, completed, may_be_first, may_begin
from veche.domain.accounts.names import may_be_full_name
from veche.domain.accounts.passwords import PasswordPolicy
from veche.domain.accounts.transliteration import proposed_name
from veche.domain.settings import Limits

LIMITS = Limits(server_name="x", common_passwords=frozenset({"password1234"}))
POLICY = PasswordPolicy()
GOOD = "a fairly long password"


@pytest.mark.parametrize(
    ("link", "has_administrator", "status"),
    [
        (FirstLink(b"d", 1001), False, None),
        (None, False, 404),
        (None, True, 404),
        (FirstLink(b"d", 1000), False, 410),
        (FirstLink(b"d", 1001, used_ts=900), False, 410),
        (FirstLink(b"d", 1001), True, 410),
    ],
)
def test_a_link_works(link: FirstLink | None, has_administrator: bool, status: int | None) -> None:
    refusal = may_begin(link, 1000, has_administrator=has_administrator)
    assert (refusal.status if refusal else None) == status


@pytest.mark.parametrize(
    ("name", "full_name", "becomes"),
    [
        ("Anna", "Анна Иванова", ("anna", "Анна Иванова")),
        ("", "  Анна   Иванова ", ("anna.ivanova", "Анна Иванова")),
        ("Anna ", "", ("anna", "Anna")),
        ("", "李", ("", "李")),
        ("", "", ("", "")),
    ],
)
def test_one_name_is_made_from_the_other(name: str, full_name: str, becomes: tuple[str, str]) -> None:
    whole = completed(FirstWish(name, full_name, GOOD), LIMITS)
    assert (whole.name, whole.full_name) == becomes


def faults_of(wish: FirstWish, policy: PasswordPolicy = POLICY) -> list[dict[str, Any]]:
    refusal = may_be_first(completed(wish, LIMITS), policy, LIMITS)
    if refusal is None:
        return []
    assert refusal.status == 400
    assert refusal.extra is not None
    faults: list[dict[str, Any]] = refusal.extra[FAULTS]
    assert (refusal.code, refusal.field) == (faults[0]["errcode"], faults[0]["field"])
    return faults


def test_a_good_wish_has_no_faults() -> None:
    assert faults_of(FirstWish("anna", "Анна", GOOD)) == []
    assert faults_of(FirstWish("anna", "Анна", GOOD, GOOD)) == []


def test_all_faults_are_named_at_once() -> None:
    found = faults_of(FirstWish("Анна Иванова!", "А\nБ\x00", "short", "other"))
    assert [(fault["field"], fault["errcode"]) for fault in found] == [
        ("full_name", "M_INVALID_PARAM"),
        ("username", "M_INVALID_USERNAME"),
        ("password", "M_WEAK_PASSWORD"),
        ("password_again", "M_INVALID_PARAM"),
    ]
    assert found[1]["proposal"] == "anna.ivanova"
    assert found[2]["part"] == "least_length"


def test_a_name_of_which_nothing_can_be_made_has_to_be_chosen() -> None:
    (missing,) = faults_of(FirstWish("", "李", GOOD))
    assert (missing["field"], missing["errcode"]) == ("username", "M_MISSING_PARAM")
    (wrong,) = faults_of(FirstWish("李", "Anna", GOOD))
    assert wrong["proposal"] == "anna"
    (hopeless,) = faults_of(FirstWish("李", "李", GOOD))
    assert "proposal" not in hopeless


def test_what_a_password_lacks_is_told() -> None:
    (weak,) = faults_of(FirstWish("anna", "Анна", GOOD), PasswordPolicy(classes=("upper", "digit")))
    assert (weak["part"], weak["org.veche.missing"]) == ("classes", ["upper", "digit"])


@pytest.mark.parametrize("name", ["Анна", "O'Neil, Zoé (Lyon)", "x" * 256, "李"])
def test_a_full_name_may_be(name: str) -> None:
    assert may_be_full_name(name) is None


@pytest.mark.parametrize("name", ["", "  ", "x" * 257, "a\nb", "a\x00", "a\u202eb", "\ud800"])
def test_a_full_name_may_not_be(name: str) -> None:
    refusal = may_be_full_name(name)
    assert refusal is not None
    assert refusal.field == "full_name"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("а.иванова", "a.ivanova"),
        ("Анна Иванова", "anna.ivanova"),
        ("Щукарь-Юрьев Ёж", "shchukar-yurev.ezh"),
        ("Подъячев Цзы Чхеидзе", "podyachev.tszy.chkheidze"),
        ("Ґалаґан Їжак Єва Ўсход", "galagan.yizhak.yeva.uskhod"),
        ("François L’Écuyer", "francois.lecuyer"),
        ("Łukasz Øst Straße", "lukasz.ost.strasse"),
        ("Зинаида\u0306", "zinaida"),
        ("и\u0306", "y"),
        ("@Anna:example.org", "anna"),
        ("anna.b@example.org", "anna.b"),
        ("=cmd()", "cmd"),
        ("..a..b..", "a.b"),
        ("a" * 100, "a" * 64),
        ("李", None),
        ("  ", None),
        ("@:", None),
    ],
)
def test_a_user_name_is_proposed(text: str, name: str | None) -> None:
    assert proposed_name(text, LIMITS) == name


def test_a_proposal_keeps_to_the_servers_pattern() -> None:
    limits = Limits(server_name="x", user_name_pattern=r"[a-z]+\.[a-z]+")
    assert proposed_name("Анна Иванова", limits) == "anna.ivanova"
    assert proposed_name("Анна", limits) is None
