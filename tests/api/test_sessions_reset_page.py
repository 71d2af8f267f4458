"""The page for forgotten passwords: in three languages, without scripts, and it tells nobody who is here."""

from typing import Any
from urllib.parse import urlencode

import pytest

from tests.cast import ANNA
from tests.stage.asgi import Answer
from tests.stage.world import CLIENT_API, World
from veche.api.web.sessions.texts import TEXTS
from veche.commands import accounts
from veche.domain.accounts.passwords import PasswordPolicy, PolicyChange
from veche.domain.refusals import Refused
from veche.domain.sessions import OPERATOR
from veche.domain.settings import LANGUAGES, Language
from veche.integrations.hashing import BUSY
from veche.queries.accounts import password_policy

PASSWORD = "a fairly long password"


async def send(world: World, language: str = "en", **typed: str) -> Answer:
    """Send the form as a browser does."""
    body = urlencode(typed).encode()
    headers = {"content-type": "application/x-www-form-urlencoded", "accept-language": language}
    return await world.call("POST", "/reset", body, headers=headers)


async def code_for_anna(world: World) -> str:
    """Anna has forgotten her password."""
    anna = await world.person(ANNA)
    return (await accounts.make_reset_code(world.commands, OPERATOR, anna.user)).code


def shown(answer: Answer) -> str:
    """Return the page; fail unless it is one that runs nothing and is kept nowhere."""
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert answer.headers["cache-control"] == "no-store"
    text = answer.bytes.decode()
    assert "<script" not in text
    assert "$" not in text
    return text


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_form_in_every_language(world: World, language: Language) -> None:
    await accounts.change_password_policy(world.commands, OPERATOR, PolicyChange(least_length=17, classes=("digit",)))
    texts = TEXTS[language]
    for how in ({"query": {"lang": language}}, {"headers": {"accept-language": f"{language};q=0.9"}}):
        more: dict[str, Any] = how
        text = shown(await world.call("GET", "/reset", **more))
        assert f'<html lang="{language}">' in text
        assert texts.lead in text
        assert "17" in text
        assert texts.classes["digit"] in text


@pytest.mark.settings(mail_language="fr")
async def test_whoever_names_no_language_gets_that_of_the_settings(world: World) -> None:
    assert TEXTS["fr"].lead in shown(await world.call("GET", "/reset"))
    assert TEXTS["ru"].lead in shown(await world.call("GET", "/reset", headers={"accept-language": "eo, ru;q=0.1"}))


async def test_a_link_may_name_the_person_and_nothing_else(world: World) -> None:
    text = shown(await world.call("GET", "/reset", query={"user": 'anna"><script>alert(1)</script>'}))
    assert 'value="anna&quot;&gt;&lt;script&gt;' in text


async def test_a_forgotten_password_is_replaced(world: World) -> None:
    code = await code_for_anna(world)
    done = await send(world, user=ANNA, code=code.lower(), password=PASSWORD, password_again=PASSWORD)
    assert (done.status, TEXTS["en"].done_title in shown(done)) == (200, True)
    body = {"type": "m.login.password", "user": ANNA, "password": PASSWORD}
    (await world.call("POST", f"{CLIENT_API}/login", body)).ok()
    again = await send(
        world, user=ANNA, code=code, password="yet another password", password_again="yet another password"
    )
    assert (again.status, TEXTS["en"].bad_code in shown(again)) == (403, True)


@pytest.mark.parametrize(
    ("password", "again", "status", "part"),
    [
        ("short", "short", 400, "least_length"),
        ("x" * 1001, "x" * 1001, 400, "most_length"),
        ("password1234", "password1234", 400, "forbids_common"),
        ("my name is anna", "my name is anna", 400, "forbids_user_name"),
        (PASSWORD, "a fairly long passwort", 400, None),
        ("", "", 400, "least_length"),
    ],
)
async def test_what_is_wrong_with_a_password_is_said_beside_it(
    world: World, password: str, again: str, status: int, part: str | None
) -> None:
    code = await code_for_anna(world)
    texts = TEXTS["fr"]
    answer = await send(world, "fr", user=ANNA, code=code, password=password, password_again=again)
    text = shown(answer)
    assert answer.status == status
    said = texts.differ if part is None else texts.weak[part].replace("$least", "12").partition("$")[0]
    assert said in text
    assert not password or f'value="{password}"' not in text
    assert f'value="{code}"' in text
    done = await send(world, "fr", user=ANNA, code=code, password=PASSWORD, password_again=PASSWORD)
    assert (done.status, texts.done_title in shown(done)) == (200, True)


async def test_whoever_guesses_sees_the_same_page_for_everybody(world: World) -> None:
    await code_for_anna(world)
    pages = []
    for name in (ANNA, "nobody"):
        typed = {"user": name, "code": "ABCDE-FGHJK", "password": PASSWORD, "password_again": PASSWORD}
        answer = await send(world, **typed)
        pages.append((answer.status, shown(answer).replace(f'value="{name}"', "")))
    assert pages[0] == pages[1]


async def test_too_many_tries_are_told_to_wait(world: World) -> None:
    typed = {"user": ANNA, "code": "ABCDE-FGHJK", "password": PASSWORD, "password_again": PASSWORD}
    for _ in range(10):
        assert (await send(world, "ru", **typed)).status == 403
    limited = await send(world, "ru", **typed)
    assert (limited.status, TEXTS["ru"].too_often in shown(limited)) == (429, True)


async def test_a_server_that_is_busy_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(password: str) -> str:
        raise Refused(BUSY)

    code = await code_for_anna(world)
    monkeypatch.setattr(world.running.hashing, "hash", refuse)
    answer = await send(world, user=ANNA, code=code, password=PASSWORD, password_again=PASSWORD)
    assert (answer.status, TEXTS["en"].busy in shown(answer)) == (503, True)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"user=anna&code=x&password=%ff%fe&password_again=%ff%fe",
        b"&".join(b"user=x" for _ in range(50)),
        b'{"user": "anna"}',
        b"user=%00&code=%00&password=aaaaaaaaaaaaaaa&password_again=aaaaaaaaaaaaaaa",
    ],
)
async def test_a_form_that_cannot_be_read_does_no_harm(world: World, body: bytes) -> None:
    await code_for_anna(world)
    answer = await world.call("POST", "/reset", body)
    assert answer.status in (400, 403)
    shown(answer)


async def test_every_part_of_the_policy_has_its_words(world: World) -> None:
    parts = {"least_length", "most_length", "classes", "forbids_user_name", "forbids_common", "forbids_current"}
    assert set(PasswordPolicy.__struct_fields__) - {"maximum_age_days"} | {"most_length"} == parts
    for texts in TEXTS.values():
        assert parts <= set(texts.weak)
    assert await password_policy(world.queries) == PasswordPolicy()
