"""Which language is answered in: what was asked for, else what the browser prefers, else English."""

import pytest

from veche.api.http.requests import chosen_language


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [
        ("fr", "ru", "fr"),
        ("de", "ru", "ru"),
        (None, "ru-RU,ru;q=0.9,en-US;q=0.8,en;q=0.7", "ru"),
        (None, "en,fr", "en"),
        (None, "fr,en", "fr"),
        (None, "de, fr;q=0.4, ru;q=0.6", "ru"),
        (None, "FR-ca", "fr"),
        (None, "ru;q=0, fr;q=0.1", "fr"),
        (None, "ru;q=nonsense, fr;q=0.1", "fr"),
        (None, "ru;q=nan, fr;q=7", "en"),
        (None, "*", "en"),
        (None, "", "en"),
        (None, None, "en"),
        (None, "de," * 5000 + "ru", "en"),
    ],
)
def test_the_language_of_a_page(asked: str | None, accepted: str | None, language: str) -> None:
    assert chosen_language(asked, accepted) == language
