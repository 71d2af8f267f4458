"""Settings: declared once; whatever is unknown or ill-typed is named in one line."""

import tomllib

import pytest

from veche.app.passwords import common_passwords
from veche.app.settings import SETTINGS, BadSetting, defaults, documentation, gather, server_name, settings_file
from veche.domain.settings import language_of


def test_the_command_line_comes_before_the_environment_and_that_before_the_file() -> None:
    file = {"port": 1, "host": "a", "log_level": "error"}
    values = gather(file, {"VECHE_PORT": "2", "VECHE_HOST": "b", "PATH": "/bin"}, ["port=3"])
    assert (values["port"], values["host"], values["log_level"]) == (3, "b", "error")
    assert values["registration"] == "token"


@pytest.mark.parametrize("variable", ["VECHE_TEST_DEPTH", "VECHE_TEST_URL", "VECHE_PYTHON", "VECHE_MATRIX_SPEC"])
def test_variables_of_scripts_are_passed_over(variable: str) -> None:
    assert gather({}, {variable: "x"}, []) == defaults()


@pytest.mark.parametrize(
    ("file", "environment", "line", "source"),
    [
        ({"colour": "red"}, {}, [], "veche.toml"),
        ({"port": "many"}, {}, [], "veche.toml"),
        ({"port": True}, {}, [], "veche.toml"),
        ({"port": 65_536}, {}, [], "veche.toml"),
        ({"host": 5}, {}, [], "veche.toml"),
        ({"host": {"a": 1}}, {}, [], "veche.toml"),
        ({}, {"VECHE_COLOUR": "red"}, [], "VECHE_COLOUR"),
        ({}, {"VECHE_PORT": "-1"}, [], "VECHE_PORT"),
        ({}, {"VECHE_PORT": "1_0"}, [], "VECHE_PORT"),
        ({}, {}, ["port"], "--set port"),
        ({}, {}, ["colour=red"], "--set"),
        ({}, {}, ["registration=maybe"], "--set"),
        ({}, {}, ["server_name=a b"], "--set"),
        ({}, {}, ["user_name_pattern=["], "--set"),
        ({}, {}, ["database=mysql://secret@x/y"], "--set"),
        ({}, {}, ["host=a\nb"], "--set"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(
    file: dict[str, object], environment: dict[str, str], line: list[str], source: str
) -> None:
    with pytest.raises(BadSetting) as refused:
        gather(file, environment, line)
    assert source in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "fixed", "named"),
    [("", "a.example", "a.example"), ("a.example", "a.example", "a.example"), ("b.example", None, "b.example")],
)
def test_the_servers_name(given: str, fixed: str | None, named: str) -> None:
    assert server_name(defaults() | {"server_name": given}, fixed) == named


def test_without_a_name_the_machines_own_is_taken() -> None:
    own = server_name(defaults(), None)
    assert own == server_name(gather({}, {}, [f"server_name={own}"]), None)


def test_the_servers_name_is_fixed_once_there_are_accounts() -> None:
    with pytest.raises(BadSetting, match=r"a\.example.*b\.example"):
        server_name(defaults() | {"server_name": "b.example"}, "a.example")


def test_the_settings_file_explains_all_and_changes_nothing() -> None:
    text = settings_file()
    assert tomllib.loads(text) == {}
    bare = "\n".join(line.removeprefix("# ") for line in text.splitlines() if " = " in line)
    assert gather(tomllib.loads(bare), {}, []) == defaults()


def test_the_documentation_names_every_setting() -> None:
    page = documentation()
    for setting in SETTINGS:
        assert f"| `{setting.name}` |" in page
        assert f"`{setting.variable}`" in page
        assert setting.text in page


def test_many_common_passwords_are_known_offline() -> None:
    assert len(common_passwords(8)) >= 1000
    long = common_passwords(12)
    assert len(long) >= 1000
    assert all(len(password) >= 12 and password == password.lower() for password in long)
    assert {"password1234", "qwertyuiop12"} & long


@pytest.mark.parametrize(
    ("tag", "language"),
    [("ru", "ru"), ("RU-ru", "ru"), ("fr-CA", "fr"), (" en ", "en"), ("eo", None), ("", None), ("russian", None)],
)
def test_a_tag_names_a_language_that_the_server_speaks(tag: str, language: str | None) -> None:
    assert language_of(tag) == language
