"""Under which texts people are found, and how close a search comes to them."""

import pytest

from veche.domain.directory import people
from veche.domain.directory.people import closeness, fitting, keys_of, term_of
from veche.domain.ids import UserId

USER = UserId("@i.petrov:veche.test")


def close(search: str, name: str | None, user: UserId = USER) -> int | None:
    """How close a search comes to somebody."""
    term = term_of(search, "veche.test")
    assert term is not None
    keys = keys_of(user, name)
    found = closeness(term, keys)
    assert fitting(term, [keys]) == ({} if found is None else {found: [keys]}), (
        "the first look lets the same people pass"
    )
    return found


@pytest.mark.parametrize(
    ("search", "name"),
    [
        ("Ivan", "Иван"),
        ("Иван", "Ivan"),
        ("иВАН", "ИВАН"),
        ("Zoe", "Zoë"),
        ("Zoë", "Zoe"),
        ("Елкин", "Ёлкин"),
        ("е\u0308лкин", "Елкин"),
        ("Chloé Œuvrard", "chloe  oeuvrard"),
        ("O'Neil", "O’Neil"),
        ("Анна-Мария", "Anna Mariya"),
        ("🦊", "🦊"),
        ("山田", "山田"),
        ("i.petrov", "Somebody"),
        ("@i.petrov", None),
        ("@i.petrov:veche.test", None),
        ("I.Petrov:veche", None),
    ],
)
def test_the_whole_name_or_id(search: str, name: str | None) -> None:
    assert close(search, name) == people.EXACT


@pytest.mark.parametrize(
    ("search", "name"),
    [
        ("Yulia", "Юлия"),
        ("Julia", "Юлия"),
        ("Юлия", "Julia"),
        ("Dmitry", "Дмитрий"),
        ("Dmitri", "Дмитрий"),
        ("Alexey", "Алексей"),
        ("Fyodor", "Фёдор"),
        ("Semyon", "Семён"),
        ("Scherbakov", "Щербаков"),
        ("Habarov", "Хабаров"),
        ("Xenia", "Ксения"),
        ("Filip", "Philippe"[:7]),
    ],
)
def test_names_that_sound_alike(search: str, name: str) -> None:
    assert close(search, name) == people.SOUNDS_EXACT


@pytest.mark.parametrize(
    ("search", "name", "expected"),
    [
        ("ив", "Пётр Иванов", people.BEGINS_WORD),
        ("i", "Пётр Иванов", people.BEGINS_WORD),
        ("иванов пётр", "Пётр Иванов", people.BEGINS_WORD),
        ("ив пё", "Пётр Иванов", people.BEGINS_WORD),
        ("Jul", "Юлия Петрова", people.SOUNDS_LIKE_WORD),
        ("i.pe", "Somebody", people.BEGINS_ID),
        ("petr", "Somebody", people.BEGINS_ID),
        ("some petr", "Somebody", people.BEGINS_ID),
        ("@i.pe", "Somebody", people.BEGINS_ID),
        ("@", "Somebody", people.BEGINS_ID),
        ("ванов", "Пётр Иванов", people.INSIDE),
        ("etro", "Somebody", people.INSIDE),
        ("ulia", "Юлия", people.SOUNDS_INSIDE),
        ("", "Somebody", people.INSIDE),
        ("  ", None, people.INSIDE),
        (".", None, people.INSIDE),
        ("b", "Юлия", None),
        ("иванов борис", "Пётр Иванов", None),
        ("@petrov", "Petrov", None),
        ("@i.petrov:", None, people.EXACT),
        ("veche.test", None, None),
        ("...", None, None),
        ("yu", "Ju", None),
    ],
)
def test_how_close(search: str, name: str | None, expected: int | None) -> None:
    assert close(search, name) == expected


def test_ids_of_other_servers_and_endless_texts_fit_nobody() -> None:
    assert term_of("@i.petrov:elsewhere.test", "veche.test") is None
    assert term_of("a" * 257, "veche.test") is None
    assert term_of("a" * 256, "veche.test") is not None


def test_the_closer_ones_come_first() -> None:
    names = ["Иван", "Iwan", "Иван Петров", "Iwanov", "Somebody", "Кириван", "Kiriwan"]
    users = [UserId(f"@u{at}:x") for at in range(7)]
    users[4] = UserId("@ivan:x")
    everybody = [keys_of(user, name) for user, name in zip(users, names, strict=True)]
    term = term_of("Иван ", "x")
    assert term is not None
    found = fitting(term, reversed(everybody))
    assert {close: {keys.user for keys in some} for close, some in found.items()} == {
        people.EXACT: {users[0], users[4]},
        people.SOUNDS_EXACT: {users[1]},
        people.BEGINS_WORD: {users[2]},
        people.SOUNDS_LIKE_WORD: {users[3]},
        people.INSIDE: {users[5]},
        people.SOUNDS_INSIDE: {users[6]},
    }
