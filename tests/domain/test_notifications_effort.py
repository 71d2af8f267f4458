"""How much work patterns are: never more than in proportion to the text, however hostile the pattern.

Nothing is timed. What Python's matcher does at one place is bounded by the form of the expression, which is looked at;
and outside of it as many steps are taken for a long text as for one a quarter as long, which are counted.
"""

import re
import sys
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.domain.test_notifications_text import by_definition, is_boundary
from veche.domain.account_data import LONGEST_GLOB, MOST_GLOBS, MOST_NAMES, MOST_STARS, Filter, filter_from
from veche.domain.notifications import contains_name, patterns
from veche.domain.notifications.bodies import LARGEST_PART, read_rule
from veche.domain.notifications.patterns import MOST_BESIDE_MARKS, is_bearable, matches_whole, matches_words
from veche.domain.notifications.records import PushRule
from veche.domain.refusals import Refusal

LENGTH = 20_000
Match = Callable[[str, str], bool]

# Each is bad for one of the ways in which globs are usually looked for.
HOSTILE = [
    ("a" * 200 + "b", "a"),
    ("a" * 200, "a"),
    ("a " * 100 + "b", "a "),
    (" a" * 100 + "b", " a"),
    ("a a", "a aa "),
    ("ab" * 100 + "a", "ab"),
    ("*a" * 120 + "*b", "a"),
    ("a*" * 120, "a"),
    ("?" * 250 + "b", "a"),
    ("?" + "a" * MOST_BESIDE_MARKS + "*b", "a"),
    ("a?" * MOST_BESIDE_MARKS, "a"),
    ("*" * 250, "a"),
    ("*?" * 120 + "b", "a "),
    ("ж" * 200 + "б", "ж"),
    ("σ" * 200 + "b", "Σ"),
    ("(a+)+$", "a"),
    (r"\w*\w*\w*b", "a"),
    ("[a-z]*(?=b)", "a"),
]


class Counter:
    """Counts the calls that are made, of Python's functions and of the interpreter's own."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        self.calls += event in ("call", "c_call")

    def of(self, work: Callable[[], object]) -> int:
        """Return how many calls ``work`` makes."""
        self.calls = 0
        before = sys.getprofile()
        sys.setprofile(self)
        try:
            work()
        finally:
            sys.setprofile(before)
        return self.calls


@pytest.fixture
def expressions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The expressions that are made, with nothing known from before."""
    made: list[str] = []
    compiled = re.compile

    def note(text: str, flags: int = 0) -> re.Pattern[str]:
        made.append(text)
        return compiled(text, flags)

    for known in ("_whole", "_words"):
        monkeypatch.setattr(patterns, known, getattr(patterns, known).__wrapped__)
    monkeypatch.setattr(re, "compile", note)
    return made


@pytest.mark.parametrize("match", [matches_whole, matches_words])
@pytest.mark.parametrize(("pattern", "part"), HOSTILE)
def test_a_longer_text_takes_no_more_steps(match: Match, pattern: str, part: str) -> None:
    for end in ("", "!", "b", " b"):
        text = part * (LENGTH // len(part)) + end
        match(pattern, text)  # what is made once is made
        short, long = (Counter().of(partial(match, pattern, given)) for given in (text, text * 4))
        assert long <= max(short, len(pattern) + 20)


@pytest.mark.parametrize(("pattern", "part"), HOSTILE)
def test_a_name_takes_no_more_steps_in_a_longer_text(pattern: str, part: str) -> None:
    text = part * (LENGTH // len(part))
    contains_name(text, pattern)
    short, long = (Counter().of(partial(contains_name, given, pattern)) for given in (text, text * 4))
    assert long <= short


@pytest.mark.parametrize(("pattern", "part"), HOSTILE)
def test_no_piece_is_tried_twice_at_one_place(expressions: list[str], pattern: str, part: str) -> None:
    for match in (matches_whole, matches_words):
        match(pattern, part + pattern.replace("*", "").replace("?", "x"))
        for text in expressions:
            assert is_of_one_length(text), text
        expressions.clear()


def is_of_one_length(expression: str) -> bool:
    """Say whether nothing in an expression may be longer or shorter: only ``.{n}`` is repeated."""
    bare = re.sub(r"\\.", "x", expression, flags=re.DOTALL)
    bare = re.sub(r"\.\{\d+\}", "x", bare)
    return not re.search(r"[*+{|]|[^(]\?", bare.replace("(?:(?<!", "((").replace(")|(?!", ")(").replace("(?", "("))


@pytest.mark.parametrize("expression", ["a.*b", "a+", "(?:a|ab)c", "a{2,5}b", "ab?c", r"\w*b"])
def test_what_may_be_longer_or_shorter_is_seen(expression: str) -> None:
    assert not is_of_one_length(expression)


def test_what_stands_first_is_what_is_leapt_to(expressions: list[str]) -> None:
    matches_words("Cake and more", "no cake and more!")
    assert expressions[0].startswith(re.escape("cake and more"))


@pytest.mark.parametrize("marks", ["?", "??"])
def test_too_many_letters_beside_marks_are_not_borne(marks: str) -> None:
    most = "a" * (MOST_BESIDE_MARKS // 2) + marks + "a" * (MOST_BESIDE_MARKS // 2)
    for pattern in (most, f"*{most}*{most}", "a" * 200, "a" * 200 + "*?"):
        assert is_bearable(pattern)
        assert not isinstance(read_rule("content", "x", {"actions": [], "pattern": pattern}), Refusal)
    for pattern in (most + "a", f"a*{most}a*b"):
        assert not is_bearable(pattern)
        text = pattern.replace("?", "x").replace("*", "")
        assert not matches_words(pattern, text)
        assert not matches_whole(pattern, text)
        condition = {"kind": "event_match", "key": "content.body", "pattern": pattern}
        for refused in (
            read_rule("content", "x", {"actions": [], "pattern": pattern}),
            read_rule("override", "x", {"actions": [], "conditions": [condition]}),
        ):
            assert isinstance(refused, Refusal)
            assert (refused.status, refused.code) == (400, "M_INVALID_PARAM")


LONGER_GLOBS = st.text("ab*?._ ", max_size=9)
LONGER_TEXTS = st.text("abA._ ж\n", max_size=14)


@settings(max_examples=400)
@given(LONGER_GLOBS, LONGER_TEXTS)
def test_they_still_mean_what_the_specification_says(pattern: str, text: str) -> None:
    low = text.lower()
    assert matches_whole(pattern, text) is by_definition(pattern, low)
    places = [place for place in range(len(low) + 1) if is_boundary(low, place)]
    parts = [low[start:end] for start in places for end in places if start <= end]
    assert matches_words(pattern, text) is any(by_definition(pattern, part) for part in parts)


@settings(max_examples=200)
@given(st.text("abж !", max_size=6), LONGER_TEXTS)
def test_a_name_stands_alone(name: str, body: str) -> None:
    wanted, low = name.lower().strip(), body.lower()
    beside = [(low[at - 1 : at], low[at + len(wanted) :][:1]) for at in range(len(low)) if low.startswith(wanted, at)]
    expected = any(
        not (is_word(before[-1:]) and is_word(wanted[0])) and not (is_word(after) and is_word(wanted[-1]))
        for before, after in beside
        if wanted
    )
    assert contains_name(body, name) is expected


def is_word(letter: str) -> bool:
    """Say whether a letter belongs to words, of any script."""
    return letter.isalnum() or letter == "_"


def test_the_work_of_a_filter_is_bounded() -> None:
    globs = [f"m.{number}.*" for number in range(MOST_GLOBS)]
    names = ["m.room.message"] * MOST_NAMES
    for good in (
        {"types": names},
        {"not_types": [*names[: MOST_NAMES - MOST_GLOBS], *globs]},
        {"types": ["*" * MOST_STARS, "a" * (LONGEST_GLOB - 1) + "*"], "senders": names, "limit": 0},
    ):
        assert isinstance(filter_from({"room": {"timeline": good}, "presence": good}), Filter)
    bad: tuple[dict[str, Any], ...] = (
        *({name: [*names, "x"]} for name in ("types", "not_types", "senders", "not_senders")),
        {"types": globs[:30], "not_types": globs[29:]},
        {"types": ["*" * (MOST_STARS + 1)]},
        {"not_types": ["a" * LONGEST_GLOB + "*"]},
        {"limit": -1},
    )
    for wrong in bad:
        for place in ("presence", "account_data"):
            expect_refused({place: wrong})
        for place in ("timeline", "state", "ephemeral", "account_data"):
            expect_refused({"room": {place: wrong}})
    lists = ("rooms", "not_rooms", "related_by_senders", "related_by_rel_types")
    for name in lists:
        expect_refused({"room": {"timeline": {name: [*names, "x"]}}})
    for name in lists[:2]:
        expect_refused({"room": {name: [*names, "x"]}})


@pytest.mark.parametrize("part", ["actions", "conditions"])
def test_the_size_of_a_rule_is_bounded(part: str) -> None:
    whole: dict[str, Any] = {"actions": ["notify"], "conditions": []}
    for size, is_fine in ((LARGEST_PART - 200, True), (LARGEST_PART, False)):
        odd = {"set_tweak": "sound", "value": "x" * size} if part == "actions" else {"kind": "odd", "is": "x" * size}
        read = read_rule("override", "x", {**whole, part: [odd]})
        assert isinstance(read, PushRule) is is_fine
        assert is_fine or (isinstance(read, Refusal) and (read.status, read.field) == (400, part))


def expect_refused(given: dict[str, Any]) -> None:
    """Fail unless a filter is refused, and the field named."""
    refused = filter_from(given)
    assert isinstance(refused, Refusal)
    assert (refused.status, refused.field) == (400, "filter")
    assert "at `$." in refused.text
