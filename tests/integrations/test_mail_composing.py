"""Letters as they are written: complete in each language, the same in text and HTML, and nobody's words change them."""

import re
from string import Template
from typing import Any

import pytest

from veche.domain.settings import LANGUAGES, Language
from veche.integrations.mail.composing import (
    LONGEST_VALUE,
    TEMPLATES,
    Heading,
    Said,
    TemplateName,
    tamed,
    words_of,
    write,
)
from veche.integrations.mail.phrases import PHRASES

VALUES: dict[str, Any] = {
    "server": "veche.test",
    "user": "@anna:veche.test",
    "from": "10.0.0.1",
    "link": "https://veche.test/mail/abc",
    "code": "012345",
    "reset": "https://veche.test/reset",
    "count": 3,
    "unsubscribe": "https://veche.test/unsubscribe/abc",
}


def wanted(name: TemplateName, language: Language) -> set[str]:
    """What is put into a template."""
    words = words_of(name, language)
    return {found for text in (words.subject, *words.paragraphs) for found in Template(text).get_identifiers()}


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_letter_exists_in_every_language_and_holds_the_same(name: TemplateName) -> None:
    assert len({frozenset(wanted(name, language)) for language in LANGUAGES}) == 1
    assert len({len(words_of(name, language).paragraphs) for language in LANGUAGES}) == 1
    assert len({words_of(name, language).subject for language in LANGUAGES}) == len(LANGUAGES)
    for language in LANGUAGES:
        written = write(name, language, VALUES, [Heading("Plans"), Said("Boris", "at nine"), "And more: 2."])
        assert "$" not in written.subject + written.text + written.html
        assert f'<html lang="{language}">' in written.html
        for value in wanted(name, language) - {"more"}:
            assert str(VALUES[value]) in written.subject + written.text
        for address in re.findall(r"https?://\S+", written.text):
            assert f'<a href="{address}"' in written.html


@pytest.mark.parametrize("name", TEMPLATES)
def test_nothing_in_a_letter_comes_from_elsewhere(name: TemplateName) -> None:
    written = write(name, "ru", VALUES, [Said("Boris", '<img src="http://evil.example/x.png">')])
    assert not re.search(r"<(img|script|link|iframe|style)\b", written.html)
    assert "url(" not in written.html
    assert "@import" not in written.html


@pytest.mark.parametrize("evil", ["a\r\nb", "a\nb", "a\x00b", "a\u2028b", "a\u202eb", "a\u200bb", "a\x85b"])
def test_what_people_call_themselves_stays_one_line(evil: str) -> None:
    assert tamed(evil) == "a b"
    written = write("taken", "en", VALUES | {"user": evil}, [])
    assert written.text.count("\n") == write("taken", "en", VALUES, []).text.count("\n")


def test_nobodys_words_are_taken_for_a_template() -> None:
    written = write("taken", "en", VALUES | {"user": "$reset $link ${x}"}, [Said("$link", "$code")])
    assert "$reset $link ${x}" in written.text


def test_long_words_end() -> None:
    assert tamed("x" * 10_000) == "x" * LONGEST_VALUE + "…"


def test_a_value_that_is_missing_is_noticed() -> None:
    with pytest.raises(KeyError):
        write("reset", "en", {})


def test_phrases_exist_in_every_language() -> None:
    assert set(PHRASES) == set(LANGUAGES)
    for phrases in PHRASES.values():
        assert "$count" in phrases.more
        assert "$name" in phrases.conversation
