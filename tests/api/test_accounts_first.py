"""The page behind the first link at the door: what browsers are shown, in which language, and what nobody is told."""

import html
import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.stage.asgi import Answer
from tests.stage.world import World
from veche.api.web.accounts.english import ENGLISH
from veche.api.web.accounts.french import FRENCH
from veche.api.web.accounts.russian import RUSSIAN
from veche.api.web.accounts.texts import Texts
from veche.commands import accounts
from veche.domain.accounts.first import FAULTS, LINK_MS
from veche.domain.accounts.passwords import PolicyChange
from veche.domain.refusals import Refused
from veche.domain.sessions import OPERATOR
from veche.integrations.hashing import BUSY

PASSWORD = "a fairly long password"
FORM = {"full_name": "Грета Иванова", "username": "greta", "password": PASSWORD, "password_again": PASSWORD}
JSON = "/_veche/v1/accounts/first"


class Elements(HTMLParser):
    """What a page is made of: (tag, attributes) of each element."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def input(self, name: str) -> dict[str, str | None]:
        """Return the attributes of a field."""
        return next(attributes for tag, attributes in self.found if tag == "input" and attributes["name"] == name)


async def link(world: World) -> str:
    token = await accounts.offer_first_link(world.commands)
    assert token is not None
    return f"/first/{token}"


async def get(world: World, path: str, accepted: str = "en") -> Answer:
    return await world.call("GET", path, headers={"accept-language": accepted, "host": "office.test:8008"})


async def post(world: World, path: str, accepted: str = "en", **more: str) -> Answer:
    body = urlencode({**FORM, **more}).encode()
    headers = {
        "accept-language": accepted,
        "host": "office.test:8008",
        "content-type": "application/x-www-form-urlencoded",
    }
    return await world.call("POST", path, body, headers=headers)


def text_of(answer: Answer) -> str:
    return answer.bytes.decode()


def expect_strict(answer: Answer) -> None:
    """Fail unless the page is safe to show: no script, nothing from elsewhere, in no frame, kept by nobody."""
    policy = answer.headers["content-security-policy"]
    assert {"default-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"} <= {
        part.strip() for part in policy.split(";")
    }
    assert "unsafe" not in policy
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    elements = Elements(text_of(answer)).found
    assert "script" not in {tag for tag, _ in elements}
    assert not [names for _, names in elements if {name for name in names if name.startswith("on") or name == "style"}]


async def test_the_form_is_shown_in_the_language_of_the_browser(world: World) -> None:
    path = await link(world)
    for accepted, texts, language in (("ru-RU,en", RUSSIAN, "ru"), ("fr", FRENCH, "fr"), ("de", ENGLISH, "en")):
        answer = await get(world, path, accepted)
        assert answer.status == 200
        expect_strict(answer)
        assert f'<html lang="{language}">' in text_of(answer)
        assert texts.submit in text_of(answer)
        assert answer.headers["content-language"] == language
    assert FRENCH.submit in text_of(await get(world, f"{path}?lang=fr", "ru"))
    assert "veche.test" in text_of(answer)


async def test_the_form_can_be_filled_in_without_looking(world: World) -> None:
    page = Elements(text_of(await get(world, await link(world))))
    assert page.input("full_name")["autocomplete"] == "name"
    assert page.input("username")["autocomplete"] == "username"
    for name in ("password", "password_again"):
        assert (page.input(name)["type"], page.input(name)["autocomplete"]) == ("password", "new-password")
    (form,) = (attributes for tag, attributes in page.found if tag == "form")
    assert form["method"] == "post"
    labels = {attributes["for"] for tag, attributes in page.found if tag == "label"}
    assert labels == {"full_name", "username", "password", "password_again"}


async def test_the_form_makes_the_administrator_and_says_how_to_go_on(world: World) -> None:
    path = await link(world)
    made = await post(world, path, full_name="Грета <b>Иванова</b>")
    assert made.status == 200
    expect_strict(made)
    assert html.escape("Грета <b>Иванова</b>") in text_of(made)
    for told in ("@greta:veche.test", "http://office.test:8008", "General (#general:veche.test)", "veche token add"):
        assert told in text_of(made)
    assert PASSWORD not in text_of(made)
    assert "this page" not in text_of(made)  # about a certificate that is not there
    for answer in (await post(world, path, username="hanna"), await get(world, path)):
        assert answer.status == 410
        expect_strict(answer)
        assert ENGLISH.gone_title in text_of(answer)


async def test_a_user_name_is_made_where_none_is_chosen(world: World) -> None:
    assert "@greta.ivanova:veche.test" in text_of(await post(world, await link(world), username=""))


@pytest.mark.settings(public_address="https://chat.example.org", tls="on", trust_port=8009, default_rooms="")
async def test_the_address_is_what_was_set_and_the_certificate_is_explained(world: World) -> None:
    made = text_of(await post(world, await link(world)))
    assert "https://chat.example.org</a>" in made
    assert 'href="http://chat.example.org:8009/"' in made
    assert "office.test" not in made
    assert "These rooms" not in made


@pytest.mark.parametrize(("language", "texts"), [("ru", RUSSIAN), ("fr", FRENCH), ("en", ENGLISH)])
async def test_faults_stand_beside_their_fields_and_what_was_typed_is_kept(
    world: World, language: str, texts: Texts
) -> None:
    wrong = {"full_name": ' "\x07 ', "username": "Анна <i>", "password": "short", "password_again": "other"}
    answer = await post(world, f"{await link(world)}?lang={language}", **wrong)
    assert answer.status == 400
    expect_strict(answer)
    page, text = Elements(text_of(answer)), text_of(answer)
    for name in ("full_name", "username", "password", "password_again"):
        assert page.input(name)["aria-invalid"] == "true"
        assert page.input(name)["aria-describedby"] == f"{name}-fault"
    assert page.input("username")["value"] == "Анна <i>"
    assert "value" not in page.input("password")
    assert [name for name in wrong if "autofocus" in page.input(name)] == ["full_name"]
    for told in (texts.bad_full_name, texts.bad_username, texts.differ):
        assert told in text
    assert "<b>anna.i</b>" in text
    assert texts.weak["least_length"].replace("$least", "12") in text
    assert await accounts.offer_first_link(world.commands) is not None


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"username": "", "full_name": "李"}, ENGLISH.no_username),
        ({"username": "anna"}, ENGLISH.username_taken),
        ({"password": "password1234"}, ENGLISH.weak["forbids_common"]),
        ({"password": "greta greta greta"}, ENGLISH.weak["forbids_user_name"]),
        ({"password": "a" * 1001}, ENGLISH.weak["most_length"]),
        ({"password": "all small letters"}, "also needs: a capital letter, a digit."),
    ],
)
async def test_each_fault_is_told_in_words(world: World, typed: dict[str, str], told: str) -> None:
    path = await link(world)
    await world.person("anna")
    if "also needs" in told:
        await accounts.change_password_policy(world.commands, OPERATOR, PolicyChange(classes=("upper", "digit")))
    answer = await post(world, path, **typed)
    assert answer.status == 400
    assert told in text_of(answer)
    assert Elements(text_of(answer)).input("full_name")["value"] == typed.get("full_name", FORM["full_name"])


async def test_a_server_in_trouble_keeps_what_was_typed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def busy(_: object, password: str) -> str:
        raise Refused(BUSY)

    monkeypatch.setattr(type(world.commands.outside.hashing), "hash", busy)
    answer = await post(world, await link(world))
    assert answer.status == 503
    assert ENGLISH.busy in text_of(answer)
    assert Elements(text_of(answer)).input("username")["value"] == "greta"


@pytest.mark.parametrize("token", ["guess", "a" * 26, "%F0%9F%92%A9", "x" * 5000, "..%2F..%2Fetc"])
async def test_a_guess_is_answered_like_every_link_that_does_not_work(world: World, token: str) -> None:
    path = await link(world)
    for answer in (await get(world, f"/first/{token}"), await post(world, f"/first/{token}")):
        assert answer.status == 404
        expect_strict(answer)
    world.clock.advance(ms=LINK_MS)
    gone = await get(world, path)
    assert (gone.status, gone.bytes) == (410, answer.bytes)


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe", b"full_name=%ff", b"&" * 1000, b"{}", b"username=a&" * 50, b"full_name=a%00b&username=x%00"],
)
async def test_a_form_that_is_none_is_a_form_with_faults(world: World, body: bytes) -> None:
    answer = await world.call("POST", await link(world), body)
    assert answer.status == 400
    expect_strict(answer)


@pytest.mark.settings(rate_limits="on")
async def test_guesses_are_limited(world: World) -> None:
    found = [(await get(world, f"/first/guess{number}")).status for number in range(12)]
    assert found == [404] * 10 + [429] * 2


def test_every_language_says_everything() -> None:
    fields = {name: set(re.findall(r"\$\w+", str(getattr(ENGLISH, name)))) for name in Texts.__struct_fields__}
    for texts in (RUSSIAN, FRENCH):
        assert {name: set(re.findall(r"\$\w+", str(getattr(texts, name)))) for name in fields} == fields
        assert (texts.weak.keys(), texts.classes.keys()) == (ENGLISH.weak.keys(), ENGLISH.classes.keys())


async def test_clients_with_a_form_of_their_own(world: World) -> None:
    token = (await link(world)).rpartition("/")[2]
    body: dict[str, Any] = {"token": token, "full_name": "Грета", "username": "gre ta", "password": "short"}
    refused = (await world.call("POST", JSON, body)).refused(400, "M_INVALID_USERNAME")
    assert refused["org.veche.field"] == "username"
    assert [fault["field"] for fault in refused[FAULTS]] == ["username", "password"]
    made = await world.call("POST", JSON, {**body, "username": "greta", "password": PASSWORD})
    assert made.ok() == {"user_id": "@greta:veche.test"}
    (await world.call("POST", JSON, {**body, "password": PASSWORD})).refused(410, "org.veche.link_gone")
    (await world.call("POST", JSON, {"token": "guess", "password": PASSWORD})).refused(404, "M_NOT_FOUND")
    (await world.call("POST", JSON, {"token": token})).refused(400, "M_MISSING_PARAM")
