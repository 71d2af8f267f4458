"""Rate buckets: how many requests pass at once, how long the next one waits, and who shares a bucket."""

import pytest

from veche.live.rates import Rate, Rates


class Watch:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.ms = 1_000_000

    def __call__(self) -> int:
        return self.ms


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def rates(watch: Watch) -> Rates:
    return Rates({"slow": Rate(0.5, 3)}, watch)


def test_a_burst_passes_and_the_next_waits(rates: Rates) -> None:
    assert [rates.take("slow", "anna") for _ in range(4)] == [0, 0, 0, 2000]


def test_whoever_waits_as_told_passes(rates: Rates, watch: Watch) -> None:
    for _ in range(3):
        rates.take("slow", "anna")
    watch.ms += 500
    wait = rates.take("slow", "anna")
    assert wait == 1500
    watch.ms += wait - 1
    assert rates.take("slow", "anna") == 1
    watch.ms += 1
    assert rates.take("slow", "anna") == 0


def test_a_bucket_never_holds_more_than_a_burst(rates: Rates, watch: Watch) -> None:
    rates.take("slow", "anna")
    watch.ms += 3_600_000
    assert [rates.take("slow", "anna") for _ in range(4)] == [0, 0, 0, 2000]


def test_a_clock_that_goes_back_gives_nothing_away(rates: Rates, watch: Watch) -> None:
    rates.take("slow", "anna")
    watch.ms -= 10_000
    assert [rates.take("slow", "anna") for _ in range(3)] == [0, 0, 2000]


def test_everybody_has_a_bucket_of_their_own(rates: Rates) -> None:
    for _ in range(3):
        rates.take("slow", "anna")
    assert rates.take("slow", "boris") == 0
    assert rates.take("unlimited", "anna") == 0


def test_of_too_many_buckets_the_oldest_goes(rates: Rates, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("veche.live.rates.MOST_BUCKETS", 2)
    for _ in range(3):
        rates.take("slow", "anna")
    rates.take("slow", "boris")
    rates.take("slow", "boris")
    assert rates.take("slow", "anna") > 0, "a bucket that is there makes no room for itself"
    rates.take("slow", "carla")
    assert rates.take("slow", "anna") == 0
