"""Globs, words and names: what push rules find in a text, and that the name index never misses anybody."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from veche.domain.ids import UserId
from veche.domain.notifications import candidate_words, contains_name, name_keys
from veche.domain.notifications.patterns import fold, matches_whole, matches_words

WORDS: list[tuple[str, str, bool]] = [
    ("ex*ple", "An example event.", True),
    ("ex*ple", "exple", True),
    ("ex*ple", "An exciting triple-whammy", True),
    ("ex*ple", "An example_event", False),
    ("cake", "Cake!", True),
    ("cake", "cakes", False),
    ("cake", "pancake", False),
    ("cake", "pancake cake", True),
    ("c?ke", "coke", True),
    ("c?ke", "cke", False),
    ("c?ke", "c\nke", True),
    ("@room", "joe@room", True),
    ("*cake", "pancake", True),
    ("cake*", "cakewalk", True),
    ("*", "", True),
    ("@room", "(@room)", True),
    ("a.b", "axb", False),
    ("pan*cake*lie", "pan\ncake lie", True),
    ("lie*lie", "a lie", False),
    ("café", "un CAFÉ", True),
]


@pytest.mark.parametrize(("pattern", "value", "expected"), WORDS)
def test_matches_words(pattern: str, value: str, expected: bool) -> None:
    assert matches_words(pattern, value) is expected


def by_definition(pattern: str, text: str) -> bool:
    """What a glob means, letter by letter."""

    @cache
    def covers(at: int, position: int) -> bool:
        if at == len(pattern):
            return position == len(text)
        if pattern[at] == "*":
            return any(covers(at + 1, later) for later in range(position, len(text) + 1))
        return position < len(text) and pattern[at] in ("?", text[position]) and covers(at + 1, position + 1)

    return covers(0, 0)


def is_boundary(text: str, place: int) -> bool:
    letters = "abcdefghijklmnopqrstuvwxyz0123456789_"
    beside = text[max(place - 1, 0) : place + 1]
    return place in (0, len(text)) or any(letter not in letters for letter in beside)


GLOBS = st.text("ab*?.", max_size=5)
TEXTS = st.text("abA. ж", max_size=8)


@settings(max_examples=60, deadline=None)
@given(GLOBS, TEXTS)
def test_globs_mean_what_the_specification_says(pattern: str, text: str) -> None:
    assert matches_whole(pattern, text) is by_definition(pattern, text.lower())


@settings(max_examples=60, deadline=None)
@given(GLOBS, TEXTS)
def test_words_start_and_end_at_boundaries(pattern: str, text: str) -> None:
    low = text.lower()
    places = [place for place in range(len(low) + 1) if is_boundary(low, place)]
    parts = [low[start:end] for start in places for end in places if start <= end]
    assert matches_words(pattern, text) is any(by_definition(pattern, part) for part in parts)


NAMES: list[tuple[str, str | None, bool]] = [
    ("ask Anna Orlova", "anna orlova", True),
    ("ask Annabel", "Anna", False),
    ("Joanna, Anna", "Anna", True),
    ("диван", "Иван", False),
    ("Диван, иван!", "Иван", True),
    ("ΓΙΏΡΓΟΣ", "Γιώργος", True),
    ("naïveté", "na", False),
    ("look: 🦊", "🦊", True),
    ("look:🦊🦊", "🦊", True),
    ("hello (Bob)!", "(Bob)", True),
    ("hello (Bobby)", "(Bob", False),
    ("a   b", "   ", False),
    ("anything", "", False),
    ("anything", None, False),
    ("say: Anna", "  Anna ", True),
]


@pytest.mark.parametrize(("body", "name", "expected"), NAMES)
def test_contains_name(body: str, name: str | None, expected: bool) -> None:
    assert contains_name(body, name) is expected


def test_members_are_kept_under_localpart_and_longest_word_of_their_name() -> None:
    assert name_keys(UserId("@a.orlova:veche.test"), "Anna de Orlov") == {"orlova", "orlov"}
    assert name_keys(UserId("@bo:veche.test"), "🦊 ✨") == {"bo", "🦊"}
    assert name_keys(UserId("@-.:veche.test"), " ") == {"-"}
    assert name_keys(UserId("@bo:veche.test"), None) == {"bo"}


def test_candidate_words_are_words_and_signs() -> None:
    assert candidate_words("Hello, Ann!") == {"hello", ",", "ann", "!"}
    assert candidate_words("Жann") == {"жann", "ann"}


MIXED = st.text("abE_ .-(жИΣςßİK🦊\u0301\n", max_size=12)


@settings(max_examples=60, deadline=None)
@given(MIXED, MIXED)
def test_folding_parts_folds_the_whole(one: str, other: str) -> None:
    assert fold(one + other) == fold(one) + fold(other)


@settings(max_examples=100, deadline=None)
@given(MIXED, st.integers(0, 11), st.integers(1, 11), st.booleans())
def test_whoever_is_named_is_kept_under_a_candidate_word(body: str, start: int, length: int, shout: bool) -> None:
    name = body[start : start + length]
    if contains_name(body.upper() if shout else body, name):
        assert name_keys(UserId("@:veche.test"), name) & candidate_words(body.upper() if shout else body)


@settings(max_examples=60, deadline=None)
@given(st.text("ab_.-=/+", min_size=1, max_size=5), MIXED, MIXED)
def test_whoever_is_called_by_localpart_is_kept_under_a_candidate_word(localpart: str, before: str, after: str) -> None:
    body = before + localpart + after
    if matches_words(localpart, body):
        assert name_keys(UserId(f"@{localpart}:veche.test"), None) & candidate_words(body)
