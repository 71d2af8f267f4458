"""Ranking: how well a result fits. Told by the result and the term alone, so that pages stay in order."""

import math

_WHOLE = 1_000_000


def score_of(*, is_exact: bool, is_adjacent: bool, length: int) -> int:
    """Return how well a text of ``length`` words fits, as a whole number; more is better.

    Words as they were typed come before other forms of them, words side by side before scattered ones, and a short
    text, which says little else, before a long one.
    """
    worth = 1 + is_exact + is_adjacent
    return round(_WHOLE * worth / (1 + math.log10(1 + max(0, length))))


def rank_of(score: int) -> float:
    """Return a score as clients are told it."""
    return score / _WHOLE
