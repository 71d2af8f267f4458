"""Mail addresses: which are any, how proofs end, and what may be asked how often."""

import msgspec
import pytest

from veche.domain.accounts.addresses import (
    HOUR_MS,
    LETTERS_TO_ADDRESS,
    MOST_TRIES,
    Proof,
    ProofWish,
    Purpose,
    canonical,
    code_from,
    credentials_of,
    has_proven,
    is_open,
    may_ask,
    may_be_address,
    may_be_tried,
    way_on,
)
from veche.domain.accounts.letters import FIRST_WAIT_MS, LONGEST_WAIT_MS, WaitingLetter, is_given_up, wait_ms
from veche.domain.ids import UserId
from veche.domain.notifications.digests import PAUSES_MS, Told, due_ts, since_here, subject_of, whose
from veche.domain.sessions import may_again

NOW = 10**12
PROOF = Proof("sid", "add", "anna@example.org", b"digest", 1, "", "10.0.0.1", NOW, NOW + HOUR_MS)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("anna@example.org", "anna@example.org"),
        ("  Anna.Ivanova+x@EXAMPLE.org ", "anna.ivanova+x@example.org"),
        ("anna@почта.рф", "anna@xn--80a1acny.xn--p1ai"),
        ("anna@mail", "anna@mail"),
        ("o'hara@example.org", "o'hara@example.org"),
        (f"{'a' * 64}@example.org", f"{'a' * 64}@example.org"),
    ],
)
def test_an_address_is_kept_in_one_form(typed: str, kept: str) -> None:
    assert canonical(typed) == kept
    assert canonical(kept) == kept
    assert may_be_address(kept) is None


@pytest.mark.parametrize(
    "typed",
    [
        *("", "@", "anna", "anna@", "@example.org", "anna@exa mple.org", "anna@@example.org", "a@b@c"),
        *("anna@example..org", "anna@.org", "anna@example.org.", ".anna@example.org", "an..na@example.org"),
        *("anna@-example.org", "anna@example-.org", "anna@[10.0.0.1]", '"anna"@example.org', "<anna@example.org>"),
        *(
            "anna@example.org\n",
            "an\nna@example.org",
            "anna@exam\x00ple.org",
            "anna@example.org,b@c",
            "анна@example.org",
        ),
        *(
            f"{'a' * 65}@example.org",
            f"a@{'b' * 64}.org",
            "a@" + ".".join(["b" * 60] * 5),
            "anna@..ü",
            "a@ü" + "ü" * 80,
        ),
    ],
)
def test_what_is_no_address(typed: str) -> None:
    """A line's end around one is only how it was typed; inside it is none."""
    if typed.strip() != "anna@example.org":
        assert may_be_address(canonical(typed)) is not None


@pytest.mark.parametrize(
    "typed",
    [
        *("a" * 250 + "@b.org", "a@" + "é." * 500_000, "a@" + "\u0e33" * 330_000, "a" * 1_000_000, "ü@" * 500_000),
        *("a@" + "\ufdfa" * 120, "a@" + "\ufdfa" * 60, "a@" + "é" * 64 + ".org", "a@é." + "b" * 64),
    ],
)
def test_what_is_too_long_is_not_encoded(typed: str) -> None:
    """Whoever is not signed in may send a megabyte, and one character may stand for 18 others."""
    assert canonical(typed) == ""


@pytest.mark.parametrize("dot", [".", "\u3002", "\uff0e", "\uff61"])
def test_every_dot_parts_a_domain(dot: str) -> None:
    assert canonical(f"anna@{'é' * 40}{dot}{'é' * 40}") == canonical(f"anna@{'é' * 40}.{'é' * 40}") != ""


@pytest.mark.parametrize("secret", ["a", "A1.=_-", "x" * 255])
def test_what_a_client_may_ask(secret: str) -> None:
    assert may_ask(ProofWish("anna@example.org", secret, 0)) is None


@pytest.mark.parametrize(
    "wish",
    [
        ProofWish("anna@example.org", "", 1),
        ProofWish("anna@example.org", "x" * 256, 1),
        ProofWish("anna@example.org", "a b", 1),
        ProofWish("anna@example.org", "a\n", 1),
        ProofWish("anna@example.org", "a", -1),
        ProofWish("anna@example.org", "a", 2**53),
        ProofWish("anna", "a", 1),
    ],
)
def test_what_a_client_may_not_ask(wish: ProofWish) -> None:
    refusal = may_ask(wish)
    assert refusal is not None
    assert refusal.code == "M_INVALID_PARAM"


@pytest.mark.parametrize(
    ("wanted", "own", "way"),
    [
        ("https://x/app?a=b#c", "https://x", "https://x/app?a=b#c"),
        ("https://x:8443/", "https://x:8443", "https://x:8443/"),
        ("https://x/", "https://x:8443", ""),
        ("http://x/", "https://x", ""),
        ("https://x.y/", "https://x", ""),
        ("https://x/\\..", "https://x", ""),
        ("https://x/\u202e", "https://x", ""),
        ("https://[", "https://x", ""),
        (f"https://x/{'a' * 2000}", "https://x", ""),
        ("/app", "", ""),
        ("", "", ""),
    ],
)
def test_the_way_on_stays_here(wanted: str, own: str, way: str) -> None:
    assert way_on(wanted, own) == way


def test_so_often_and_no_oftener() -> None:
    times = [NOW - HOUR_MS, *(NOW - 10_000 * number for number in range(LETTERS_TO_ADDRESS.most - 1, 0, -1))]
    assert may_again(times, LETTERS_TO_ADDRESS, NOW) is None
    refusal = may_again([*times, NOW], LETTERS_TO_ADDRESS, NOW)
    assert refusal is not None
    assert refusal.extra == {"retry_after_ms": HOUR_MS - 10_000 * (LETTERS_TO_ADDRESS.most - 1)}


def test_a_proof_is_good_for_its_purpose_for_who_asked_and_for_a_while() -> None:
    done = msgspec.structs.replace(PROOF, proven_ts=NOW)
    assert has_proven(done, "add", b"digest", NOW + HOUR_MS - 1)
    cases: tuple[tuple[Proof | None, Purpose, bytes, int], ...] = (
        (None, "add", b"digest", NOW),
        (PROOF, "add", b"digest", NOW),
        (done, "reset", b"digest", NOW),
        (done, "add", b"other", NOW),
        (done, "add", b"digest", NOW + HOUR_MS),
    )
    for proof, purpose, digest, now in cases:
        assert not has_proven(proof, purpose, digest, now)
    assert is_open(PROOF, NOW)
    assert not is_open(done, NOW)
    assert not is_open(PROOF, NOW + HOUR_MS)
    assert may_be_tried(msgspec.structs.replace(PROOF, tries=MOST_TRIES), NOW)
    assert not may_be_tried(msgspec.structs.replace(PROOF, tries=MOST_TRIES + 1), NOW)
    assert not may_be_tried(None, NOW)


def test_a_code_has_six_digits() -> None:
    assert code_from(bytes(8)) == "000000"
    assert code_from((10**6 + 42).to_bytes(8)) == "000042"
    assert len(code_from(b"\xff" * 8)) == 6


def test_what_a_client_shows() -> None:
    assert credentials_of({"sid": "a", "client_secret": "b", "id_server": "c"}) == ("a", "b")
    for given in (None, {}, {"sid": "a"}, {"sid": 1, "client_secret": "b"}, {"sid": "a\x00", "client_secret": "b"}):
        assert credentials_of(given) == ("", "")


def test_letters_wait_longer_each_time_and_not_for_ever() -> None:
    for tries in range(70):
        shortest, longest = wait_ms(tries, b"\x00\x00"), wait_ms(tries, b"\xff\xff")
        assert longest == min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** min(tries, 20))
        assert shortest == longest // 2
    letter = WaitingLetter("add", "sid", "a@b", "en", NOW, NOW, NOW + 1)
    assert (is_given_up(letter, NOW), is_given_up(letter, NOW + 1)) == (False, True)


def test_a_digest_is_due_after_a_pause_and_later_each_time() -> None:
    minute, anna = 60_000, UserId("@anna:x")
    assert due_ts(Told(), NOW, 10 * minute) == NOW + 10 * minute
    for number, pause_ms in enumerate(PAUSES_MS):
        assert due_ts(Told(NOW, number), NOW - HOUR_MS, minute) == NOW + pause_ms
    assert due_ts(Told(NOW, 99), NOW, minute) == NOW + PAUSES_MS[-1]
    assert since_here(Told(NOW, 3), NOW) == Told(NOW, 3)
    assert since_here(Told(NOW, 3), NOW + 1) == Told(NOW, 1)
    assert whose(subject_of(anna, "Anna @x")) == (anna, "Anna @x")
