"""Searching: what words are, what a term asks for, what of an event can be found, how results and pages are ordered."""

from typing import Any

import pytest

from veche.domain.refusals import Refusal
from veche.domain.search import (
    Page,
    Term,
    edited_text,
    fold,
    found_in,
    page_from,
    page_token,
    rank_of,
    score_of,
    term_from,
    words_in,
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("Итоги встречи, в 15:30", ["Итоги", "встречи", "в", "15", "30"]),
        ("l'équipe n°5", ["l", "équipe", "n", "5"]),
        ("e\u0301quipe", ["équipe"]),
        ("snake_case kebab-case", ["snake", "case", "kebab", "case"]),
        ("й и\u0306", ["й", "й"]),
        ("ﬁle ５", ["file", "5"]),
        ("会议 room会", ["会", "议", "room", "会"]),
        ("a\x00b \ue000r1 🙂 \u202e", ["a", "b", "r1"]),
        ("!?…— \t\n", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert words_in(text) == words


@pytest.mark.parametrize(
    ("word", "folded"),
    [
        ("Ёлка", "елка"),
        ("РÉUNION", "рeunion"),
        ("Réunions", "reunions"),
        ("Straße", "strasse"),
        ("ŒUVRE", "oeuvre"),
        ("Łódź", "lodz"),
        ("İstanbul", "istanbul"),
        ("Йод", "йод"),
        ("їжак", "їжак"),
        ("Ể", "e"),
        ("x" * 100, "x" * 64),
        ("ß" * 60, "s" * 64),
    ],
)
def test_folding(word: str, folded: str) -> None:
    assert fold(word) == folded


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("", Term(())),
        ("*?! ''", Term(())),
        ("план Встречи", Term(("план", "Встречи"))),
        ("план ПЛАН plan", Term(("ПЛАН", "plan"))),
        ('"План встречи" завтра', Term(("завтра",), (("план", "встречи"),))),
        ("«ёлка» “big tree” „x“", Term((), (("елка",), ("big", "tree"), ("x",)))),
        ('"" "!" "одна', Term(("одна",))),
        ('a" OR "b', Term(("a", "b"), (("or",),))),
    ],
)
def test_terms(text: str, term: Term) -> None:
    assert term_from(text) == term
    assert term.is_empty == (text in ("", "*?! ''"))


@pytest.mark.parametrize("text", ["x" * 2_001, " ".join(map(str, range(33))), f'"{" ".join(map(str, range(33)))}"'])
def test_terms_that_nobody_types_are_refused(text: str) -> None:
    refusal = term_from(text)
    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.field) == (400, "search_term")


PLAIN = {"m.text": [{"mimetype": "text/html", "body": "<b>"}, {"body": "plain"}]}


@pytest.mark.parametrize(
    ("kind", "key", "content", "text"),
    [
        ("m.room.message", None, {"body": "hello"}, "hello"),
        ("m.room.message", "", {"body": "hello"}, None),
        ("m.room.message", None, {"body": 5}, None),
        ("m.room.message", None, {}, None),
        ("m.room.name", "", {"name": "Room"}, "Room"),
        ("m.room.name", "x", {"name": "Room"}, None),
        ("m.room.name", None, {"name": "Room"}, None),
        ("m.room.topic", "", {"topic": "Topic"}, "Topic"),
        ("m.room.topic", "", {"topic": "Topic", "m.topic": PLAIN}, "Topic\nplain"),
        ("m.room.topic", "", {"topic": "very plain", "m.topic": PLAIN}, "very plain"),
        ("m.room.topic", "", {"topic": "Topic", "m.topic": {"m.text": "x"}}, "Topic"),
        ("m.room.topic", "", {"topic": "Topic", "m.topic": {"m.text": ["x", {"body": 5}]}}, "Topic"),
        ("m.room.topic", "", {"m.topic": {"m.text": [{"body": 5}, {"body": "second"}]}}, "\nsecond"),
        ("m.room.topic", "", {"topic": "Topic", "m.topic": []}, "Topic"),
        ("m.room.encrypted", None, {"body": "hello"}, None),
        ("m.reaction", None, {"body": "hello"}, None),
    ],
)
def test_what_can_be_found(kind: str, key: str | None, content: dict[str, Any], text: str | None) -> None:
    found = found_in(kind, key, content)
    assert (found.text if found else None) == text


def test_addresses_are_noticed() -> None:
    found = found_in("m.room.message", None, {"body": "picture.png", "url": "mxc://x/y"})
    assert found is not None
    assert found.has_url


@pytest.mark.parametrize(
    ("content", "text"),
    [({"m.new_content": {"body": "new"}}, "new"), ({"m.new_content": "new"}, ""), ({"body": "new"}, "")],
)
def test_the_text_of_an_edit(content: dict[str, Any], text: str) -> None:
    assert edited_text(content) == text


def test_better_results_have_higher_scores() -> None:
    assert score_of(is_exact=True, is_adjacent=True, length=9) > score_of(is_exact=True, is_adjacent=False, length=9)
    assert score_of(is_exact=True, is_adjacent=False, length=9) > score_of(is_exact=False, is_adjacent=False, length=9)
    assert score_of(is_exact=False, is_adjacent=False, length=9) > score_of(
        is_exact=False, is_adjacent=False, length=10
    )
    assert rank_of(score_of(is_exact=False, is_adjacent=False, length=0)) == 1.0


@pytest.mark.parametrize("page", [Page(), Page(9, 4, (7, 5), 3, ("sender", "@anna:x")), Page(9, None, None, 12)])
def test_tokens_say_where_to_go_on(page: Page) -> None:
    assert page_from(page_token(page)) == page


@pytest.mark.parametrize(
    "token",
    [
        *("", "x", "é", "____", "!!!!", "A" * 1000),
        page_token(Page(-1)),
        page_token(Page(2**63)),
        page_token(Page(5, -1)),
        page_token(Page(5, 4, (-1, 0))),
        page_token(Page(5, 4, None, -1)),
        page_token(Page(group=("other", "x"))),  # type: ignore[arg-type]
        page_token(Page())[:-1],
    ],
)
def test_foreign_tokens_are_refused(token: str) -> None:
    refusal = page_from(token)
    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.field) == (400, "next_batch")
