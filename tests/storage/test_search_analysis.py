"""What a word is found under."""

import pytest

from veche.storage.search.analysis import analysed


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("встреча", "встречи"),
        ("meeting", "meetings"),
        ("réunion", "réunions"),
        ("évalué", "évaluées"),
        ("ёлка", "елки"),
        ("cheval", "chevaux"),
        ("развитие", "развития"),
    ],
)
def test_forms_of_one_word_share_a_stem(one: str, other: str) -> None:
    first, second = analysed(one), analysed(other)
    assert {*first.words, *first.stems} & {*second.words, *second.stems}
