"""Sessions: how often one may guess, and what a client that must prove itself is told."""

import pytest

from veche.domain.sessions import (
    GUESSES_WINDOW_MS,
    MOST_GUESSES,
    Origin,
    digest_of,
    may_guess,
    network_of,
    origin_of,
    reauthentication_needed,
)

NOW = 10_000_000


def test_ten_guesses_are_free() -> None:
    assert may_guess([], NOW) is None
    assert may_guess([NOW] * (MOST_GUESSES - 1), NOW) is None


def test_the_eleventh_waits_until_the_first_is_forgotten() -> None:
    refusal = may_guess([NOW - 5000, *[NOW] * (MOST_GUESSES - 1)], NOW)
    assert refusal is not None
    assert (refusal.code, refusal.status) == ("M_LIMIT_EXCEEDED", 429)
    assert refusal.extra == {"retry_after_ms": GUESSES_WINDOW_MS - 5000}


def test_with_more_than_ten_the_tenth_from_the_end_counts() -> None:
    times = [NOW - 7000, NOW - 6000, *[NOW] * (MOST_GUESSES - 1)]
    refusal = may_guess(times, NOW)
    assert refusal is not None
    assert refusal.extra == {"retry_after_ms": GUESSES_WINDOW_MS - 6000}


def test_old_guesses_do_not_count() -> None:
    assert may_guess([NOW - GUESSES_WINDOW_MS] * 50, NOW) is None


@pytest.mark.parametrize(("fault", "code", "text"), [(None, "", ""), ("Wrong.", "M_FORBIDDEN", "Wrong.")])
def test_a_check_names_its_flow_and_a_failed_one_its_fault(fault: str | None, code: str, text: str) -> None:
    refusal = reauthentication_needed((("m.login.password",),), "s1", fault)
    assert (refusal.code, refusal.status, refusal.text) == (code, 401, text)
    assert refusal.extra == {
        "flows": [{"stages": ["m.login.password"]}],
        "params": {},
        "session": "s1",
        "completed": [],
    }


def test_a_digest_is_of_fixed_length_whatever_the_token() -> None:
    assert {len(digest_of(text)) for text in ("", "a", "ж" * 1000, "\ud800")} == {32}
    assert digest_of("a") != digest_of("b")


@pytest.mark.parametrize(
    ("client", "kept"),
    [("Element/1.2 (Linux)", "Element/1.2 (Linux)"), ("a\x00b\nc\x1b[1m", "abc[1m"), ("x" * 300, "x" * 255), ("", "")],
)
def test_what_a_client_calls_itself_is_kept_short_and_printable(client: str, kept: str) -> None:
    assert origin_of("10.0.0.1", 5, client) == Origin("10.0.0.1", 5, kept)
    assert len(origin_of("y" * 1000, 5, client).address) == 64


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:0DB8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("nonsense::x", "nonsense::x"),
        ("", ""),
    ],
)
def test_whom_an_address_belongs_to(address: str, network: str) -> None:
    assert network_of(address) == network
    assert Origin(address).network == network
