"""Reports: how long a reason may be, and what counts as a score."""

from typing import Any

import pytest

from veche.domain.moderation import may_be_report, score_from


@pytest.mark.parametrize(
    ("reason", "is_allowed"),
    [("", True), ("x" * 2000, True), ("ё" * 2000, True), ("x" * 2001, False), ("a\x00", False)],
)
def test_how_long_a_reason_may_be(reason: str, is_allowed: bool) -> None:
    refusal = may_be_report(reason)
    assert (refusal is None) is is_allowed
    assert refusal is None or (refusal.code, refusal.status, refusal.field) == ("M_INVALID_PARAM", 400, "reason")


@pytest.mark.parametrize(
    ("given", "score"),
    [(-100, -100), (0, 0), (-101, None), (1, None), (True, None), ("-1", None), (None, None), (-0.5, None)],
)
def test_what_counts_as_a_score(given: Any, score: int | None) -> None:
    assert score_from(given) == score
