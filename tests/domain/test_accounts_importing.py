"""Tables of people: every encoding and separator that offices produce, and each fault by its line."""

import unicodedata

import pytest

from veche.domain.accounts.importing import (
    Known,
    NewPerson,
    Sheet,
    Standing,
    Verdict,
    full_name_of,
    is_formula,
    read_sheet,
    verdict,
)
from veche.domain.accounts.importing.reading import MOST_LINES
from veche.domain.accounts.passwords import PasswordPolicy
from veche.domain.ids import RoomId
from veche.domain.settings import Limits

TABLE = "Логин;ФИО;Роль;Пароль;Комнаты\nanna;Анна Иванова;администратор;длинный пароль;#общая:x !b:x\nboris;Борис;;;\n"
PEOPLE = (
    NewPerson("anna", "Анна Иванова", "administrator", "длинный пароль", ("#общая:x", "!b:x")),
    NewPerson("boris", "Борис"),
)


def people(sheet: Sheet) -> tuple[NewPerson, ...]:
    assert sheet.faults == ()
    return tuple(line.person for line in sheet.lines)


def told(data: bytes | str) -> list[tuple[int, str]]:
    sheet = read_sheet(data if isinstance(data, bytes) else data.encode())
    return [(fault.number, fault.text) for fault in sheet.faults]


@pytest.mark.parametrize(
    "data",
    [
        TABLE.encode(),
        TABLE.encode("utf-8-sig"),
        TABLE.encode("utf-16"),
        b"\xfe\xff" + TABLE.encode("utf-16-be"),
        TABLE.encode("utf-16-le"),
        TABLE.encode("utf-16-be"),
        TABLE.encode("windows-1251"),
        TABLE.replace("\n", "\r\n").encode(),
        TABLE.replace("\n", "\r").encode("windows-1251"),
        TABLE.replace(";", ",").encode(),
        TABLE.replace(";", "\t").encode("utf-16"),
        ("sep=;\n" + TABLE).encode(),
        ("\n\n" + TABLE + "\n;;;;\n").encode(),
        TABLE.replace("Анна Иванова", '"Анна Иванова"').encode(),
    ],
)
def test_however_a_table_was_saved_it_reads_the_same(data: bytes) -> None:
    assert people(read_sheet(data)) == PEOPLE


@pytest.mark.parametrize(
    "header",
    [
        "user name,full name,role,password,rooms,e-mail",
        "Login,Name,ROLE,Password,Rooms,Email",
        "USER_NAME,Display name,role,password,room,Mail",
        "Имя пользователя,Ф.И.О.,Роль,Пароль,Комнаты,Эл. почта",
        "Пользователь,Полное имя,роль,пароль,комната,Электронная почта",
        "Учётная запись,фио,роль:,пароль *,комнаты,почта",
        "Nom d’utilisateur,Nom complet,Rôle,Mot de passe,Salons,Courriel",
        "identifiant,NOM ET PRÉNOM,role,mot-de-passe,salon,Adresse électronique",
    ],
)
def test_columns_are_known_in_three_languages(header: str) -> None:
    sheet = read_sheet(f"{header}\nanna,Анна,,,#a:x,a@example.org\n".encode())
    assert people(sheet) == (NewPerson("anna", "Анна", rooms=("#a:x",)),)
    assert sheet.notes == ("The column for e-mail is passed over: accounts have no addresses here.",)


def test_a_decomposed_letter_is_the_same_letter() -> None:
    header = unicodedata.normalize("NFD", "логин,полное имя,учётная запись")
    assert told(header) == [(1, "There are several columns for the user name.")]


def test_columns_may_be_few_and_in_any_order() -> None:
    assert people(read_sheet(b"full name,,login\nAnna B,x,anna\n")) == (NewPerson("anna", "Anna B"),)
    assert people(read_sheet(b"login\nanna\nboris\n")) == (NewPerson("anna"), NewPerson("boris"))


def test_a_cell_may_hold_separators_quotes_and_lines() -> None:
    data = 'login,full name,password\nanna,"Иванова, Анна","a ""fine"" password\nof two lines"\nboris,Борис,\n'
    assert people(read_sheet(data.encode())) == (
        NewPerson("anna", "Иванова, Анна", "user", 'a "fine" password\nof two lines'),
        NewPerson("boris", "Борис"),
    )
    assert [line.number for line in read_sheet(data.encode()).lines] == [2, 4]


@pytest.mark.parametrize(
    ("cell", "rooms"),
    [
        ("#a:x", ("#a:x",)),
        ("#a:x  #b:x", ("#a:x", "#b:x")),
        ('"#a:x, #b:x"', ("#a:x", "#b:x")),
        ("#a:x|!b:x;#c:x", ("#a:x", "!b:x", "#c:x")),
        ("", ()),
    ],
)
def test_rooms_are_listed_in_one_cell(cell: str, rooms: tuple[str, ...]) -> None:
    (person,) = people(read_sheet(f"login,rooms\nanna,{cell}\n".encode()))
    assert person.rooms == rooms


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("", "user"),
        ("User", "user"),
        ("пользователь", "user"),
        ("Utilisateur", "user"),
        ("ADMIN", "administrator"),
        ("Администратор", "administrator"),
        ("administrateur", "administrator"),
    ],
)
def test_roles_are_known_in_three_languages(text: str, role: str) -> None:
    (person,) = people(read_sheet(f"login,role\nanna,{text}\n".encode()))
    assert person.role == role


@pytest.mark.parametrize(
    ("data", "number", "part"),
    [
        (b"", 1, "has to name the columns"),
        (b"full name\nAnna\n", 1, "has to name the columns"),
        (b"login,colour\nanna,red\n", 1, "no column called 'colour'"),
        (b"login,name,full name\nanna,A,A\n", 1, "several columns for the full name"),
        (b"PK\x03\x04\x14\x00\x06\x00", 1, "is a spreadsheet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 1, "is a spreadsheet"),
        (b"login\nan\x01na\n", 1, "control characters"),
        (b"login\n" + b"a" * (10 * 2**20), 1, "larger than 10 MB"),
        (b"\xef\xbb\xbflogin\nanna\xff\n", 1, "begins like UTF-8"),
        (b"\xff\xfel\x00o", 1, "begins like UTF-16-LE"),
        (b"l\x00o\x00g\x00i\x00\x00\xdc", 1, "begins like UTF-16-LE"),
        ("login,name\nzoe,Zoé Lefèvre\n".encode("cp1252"), 1, "neither UTF-8, nor UTF-16, nor Windows-1251"),
        (b"login\n\x98\xff\n", 1, "neither UTF-8, nor UTF-16, nor Windows-1251"),
        (b'login,name\nanna,"Anna\nboris,B\n', 2, "cannot be told apart"),
        (b'login,name\nanna,A\nboris,"B"x\n', 3, "cannot be told apart"),
        (b"login,name\nanna," + b"a" * 200_000, 2, "cannot be told apart"),
    ],
)
def test_a_table_that_cannot_be_read_says_why(data: bytes, number: int, part: str) -> None:
    ((line, _),) = [fault for fault in told(data) if part in fault[1]]
    assert line == number


def test_every_fault_is_named_by_its_line() -> None:
    table = (
        "login;name;role\n"
        "anna;=cmd|' /C calc'!A0;\n"
        "\n"
        "boris;Борис;boss\n"
        "Anna;Anna;\n"
        "carla;Carla;;surplus;\n"
        "dmitri;Dmitri;user\n"
        "dmitri;+7 495;user\n"
    )
    assert told(table) == [
        (2, "The full name \"=cmd|' /C calc'!A0\" looks like a formula."),
        (4, "There is no role called 'boss'; there are user and administrator."),
        (5, "'anna' stands in line 2 already."),
        (6, "There are 2 more cells than columns."),
        (8, "The full name '+7 495' looks like a formula."),
        (8, "'dmitri' stands in line 7 already."),
    ]
    assert [line.number for line in read_sheet(table.encode()).lines] == [7]


def test_what_is_shown_of_a_cell_is_short_and_harmless() -> None:
    ((_, text),) = told("login,role\nanna," + "\u202e" + "b" * 500 + "\n")
    assert len(text) < 150
    assert text.isprintable()


def test_a_table_has_an_end() -> None:
    rows = "".join(f"person{number}\n" for number in range(MOST_LINES))
    assert len(people(read_sheet(f"login\n{rows}".encode()))) == MOST_LINES
    assert told(f"login\n{rows}one more\nand another\n") == [
        (MOST_LINES + 2, f"A table has at most {MOST_LINES} people; cut it in parts.")
    ]


@pytest.mark.parametrize(
    ("cell", "is_one"),
    [("=1", True), ("+1", True), ("-1", True), ("@a", True), ("\t=", True), ("a=", False), ("", False)],
)
def test_what_a_spreadsheet_takes_for_a_formula(cell: str, is_one: bool) -> None:
    assert is_formula(cell) is is_one


LIMITS = Limits(server_name="x")
PASSWORD = "a fairly long password"
NOBODY = Known(None, {})


def judged(person: NewPerson, known: Known = NOBODY) -> Verdict:
    return verdict(person, known, PasswordPolicy(), LIMITS)


def test_somebody_new() -> None:
    assert judged(NewPerson("Anna", "Анна", password=PASSWORD)) == Verdict("new")
    assert judged(NewPerson("anna", password=PASSWORD)) == Verdict("new")
    assert full_name_of(NewPerson("Anna")) == "Anna"


def test_an_equal_account_is_present_whatever_the_password() -> None:
    known = Known(Standing("user", "Анна", is_deactivated=False), {})
    assert judged(NewPerson("anna", "Анна"), known) == Verdict("present")


@pytest.mark.parametrize(
    ("standing", "part"),
    [
        (Standing("administrator", "Анна", is_deactivated=False), "taken by 'Анна', administrator"),
        (Standing("user", "Anna Other", is_deactivated=False), "taken by 'Anna Other', user"),
        (Standing("user", "Анна", is_deactivated=True), "account that is closed"),
    ],
)
def test_another_account_is_in_the_way(standing: Standing, part: str) -> None:
    found = judged(NewPerson("anna", "Анна", password=PASSWORD), Known(standing, {}))
    assert found.state == "bad"
    assert part in found.faults[0]


@pytest.mark.parametrize(
    ("person", "parts"),
    [
        (NewPerson("а.иванова", "Анна", password=PASSWORD), ("Perhaps: a.ivanova",)),
        (NewPerson("", "Анна Иванова", password=PASSWORD), ("Perhaps: anna.ivanova",)),
        (NewPerson("李", "李", password=PASSWORD), ("A user name is made of",)),
        (NewPerson("anna", "A\nB", password=PASSWORD), ("on one line",)),
        (NewPerson("anna", "=A", password=PASSWORD), ("formula",)),
        (NewPerson("anna", "Анна", password="short"), ("at least 12 characters",)),
        (NewPerson("anna", password=PASSWORD, rooms=("general",)), ("neither a room id nor an alias",)),
        (NewPerson("anna", password=PASSWORD, rooms=("#none:x",)), ("no room #none:x",)),
        (NewPerson("an na", "=A", password="short", rooms=("#none:x",)), ("made of", "formula", "no room", "12 char")),
    ],
)
def test_all_that_is_wrong_with_somebody(person: NewPerson, parts: tuple[str, ...]) -> None:
    found = judged(person, Known(None, {"#none:x": None}))
    assert found.state == "bad"
    assert [part in fault for part, fault in zip(parts, found.faults, strict=True)] == [True] * len(parts)


def test_rooms_that_are_there_are_no_fault() -> None:
    known = Known(None, {"#a:x": RoomId("!a:x")})
    assert judged(NewPerson("anna", password=PASSWORD, rooms=("#a:x",)), known) == Verdict("new")
