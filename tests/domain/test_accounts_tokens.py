"""Registration tokens: what one may promise, and how long it holds."""

import pytest

from veche.domain.accounts.tokens import MOST_ROOMS, RegistrationToken, TokenWish, may_be_made, may_be_rooms
from veche.domain.sessions import Role

NOW = 1000


@pytest.mark.parametrize(
    "wish",
    [
        TokenWish(),
        TokenWish("letter", 1, NOW + 1),
        TokenWish(uses_allowed=1_000_000, expires_ts=2**53 - 1),
        TokenWish(rooms=("!room:x", "#общая:x", "!room_of_version_12")),
        TokenWish(uses_allowed=1, expires_ts=NOW + 1, role="administrator", rooms=("#a:x",)),
    ],
)
def test_a_token_may_be_made(wish: TokenWish) -> None:
    assert may_be_made(wish, NOW) is None


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (TokenWish("a b"), "token"),
        (TokenWish(""), "token"),
        (TokenWish(uses_allowed=0), "uses_allowed"),
        (TokenWish(uses_allowed=1_000_001), "uses_allowed"),
        (TokenWish(expires_ts=NOW), "expires_ts"),
        (TokenWish(expires_ts=2**53), "expires_ts"),
        (TokenWish(rooms=("general",)), "rooms"),
        (TokenWish(rooms=("#a\x00:x",)), "rooms"),
        (TokenWish(rooms=("#a:x",) * (MOST_ROOMS + 1)), "rooms"),
        (TokenWish("letter", 1, NOW + 1, "administrator"), "token"),
        (TokenWish(None, None, NOW + 1, "administrator"), "uses_allowed"),
        (TokenWish(None, 1, None, "administrator"), "expires_ts"),
        (TokenWish(None, 1, NOW + 1, "administrator", ("general",)), "rooms"),
    ],
)
def test_a_token_may_not_be_made(wish: TokenWish, field: str) -> None:
    refusal = may_be_made(wish, NOW)
    assert refusal is not None
    assert (refusal.status, refusal.field) == (400, field)


@pytest.mark.parametrize(
    ("role", "maker_rules", "is_valid"),
    [("user", True, True), ("user", False, True), ("administrator", True, True), ("administrator", False, False)],
)
def test_nobody_becomes_an_administrator_through_somebody_who_is_none(
    role: Role, maker_rules: bool, is_valid: bool
) -> None:
    assert RegistrationToken("t", None, 0, None, 0, role=role).is_valid(NOW, maker_rules=maker_rules) is is_valid


def test_as_many_rooms_as_fit_into_a_transaction() -> None:
    assert may_be_rooms(("#a:x",) * MOST_ROOMS) is None
