"""What mail is good for: a forgotten password, in a client and on the pages, and registering with an address."""

import re
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.api.test_accounts_addresses import ADDRESS, SECRET, ask, bound, login, submit
from tests.cast import ANNA, FARID
from tests.stage.asgi import Answer
from tests.stage.mail import SETTINGS, code_of, link_of, settled
from tests.stage.world import CLIENT_API, Person, World
from veche.api.web.letters.texts import TEXTS
from veche.api.web.sessions.texts import TEXTS as PASSWORD_TEXTS
from veche.commands import accounts
from veche.commands.accounts.stages import do_stage
from veche.commands.context import Context
from veche.commands.sessions.reauthenticating import Done, done_before
from veche.domain.accounts.addresses import HOUR_MS
from veche.domain.accounts.tokens import TokenWish
from veche.domain.sessions import OPERATOR
from veche.domain.settings import LANGUAGES, Language

PASSWORD = "a fairly long password"
EMAIL_STAGE = "m.login.email.identity"
pytestmark = pytest.mark.settings(**SETTINGS)


def creds(sid: str, secret: str = SECRET, session: str | None = None) -> dict[str, Any]:
    """What a client shows at the stage for mail addresses."""
    shown = {"type": EMAIL_STAGE, "threepid_creds": {"sid": sid, "client_secret": secret}}
    return {**shown, "session": session} if session else shown


async def reset(world: World, auth: dict[str, Any] | None = None, **more: Any) -> Answer:
    """Choose a new password without a session."""
    body = {"new_password": PASSWORD, **({"auth": auth} if auth else {}), **more}
    return await world.call("POST", f"{CLIENT_API}/account/password", body)


async def page(world: World, method: str, path: str, language: str = "en", **typed: str) -> Answer:
    """Ask for a page as a browser does, and fail unless it is one that runs nothing and is kept nowhere."""
    body = urlencode(typed).encode() if method == "POST" else None
    headers = {"accept": "text/html", "accept-language": language}
    answer = await world.call(method, path, body, headers=headers)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "<script" not in answer.bytes.decode()
    assert "$" not in answer.bytes.decode()
    return answer


async def with_address(world: World, name: str = ANNA) -> Person:
    """Somebody with an address, whose letters have been read."""
    person = await world.person(name)
    await bound(world, person)
    world.post.letters.clear()
    world.clock.advance(ms=HOUR_MS)
    return person


async def test_a_client_resets_a_password_by_the_letters_link(world: World) -> None:
    anna = await with_address(world)
    tablet = await world.device(anna.user, "TABLET")
    asked = await reset(world)
    assert (asked.status, asked.json["flows"]) == (401, [{"stages": [EMAIL_STAGE]}])
    sid = (await ask(world, "account/password")).ok()["sid"]
    auth = creds(sid, session=asked.json["session"])
    (await reset(world, auth)).refused(401, "M_UNAUTHORIZED")
    letter = (await world.post.received(1))[0]
    shown = (await page(world, "GET", f"/mail/{link_of(letter)}")).bytes.decode()
    assert TEXTS["en"].confirm["reset"][0] in shown
    assert "10.0.0.1" in shown
    (await reset(world, auth)).refused(401, "M_UNAUTHORIZED")  # whatever follows links confirms nothing
    for method in ("POST", "POST", "GET"):
        again = await page(world, method, f"/mail/{link_of(letter)}")
        assert (again.status, TEXTS["en"].confirmed_title in again.bytes.decode()) == (200, True)
    assert (await page(world, "POST", f"/mail/{link_of(letter)}")).status == 200
    (await reset(world, auth)).ok()
    for person in (anna, tablet):
        (await person.get("/account/whoami")).refused(401, "M_UNKNOWN_TOKEN")
    (await world.call("POST", f"{CLIENT_API}/login", login(ADDRESS, PASSWORD))).ok()
    (await reset(world, auth, new_password="yet another password")).refused(401, "M_UNAUTHORIZED")
    assert (await page(world, "GET", f"/mail/{link_of(letter)}")).status == 404


async def test_a_client_resets_a_password_by_the_letters_code(world: World) -> None:
    anna = await with_address(world)
    sid = (await ask(world, "account/password")).ok()["sid"]
    code = code_of((await world.post.received(1))[0])
    (await submit(world, sid, f"{code[:3]} {code[3:]}")).ok()
    old = {"type": EMAIL_STAGE, "threepidCreds": {"sid": sid, "client_secret": SECRET}}
    (await reset(world, old, logout_devices=False)).ok()
    (await anna.get("/account/whoami")).ok()


@pytest.mark.parametrize("auth", [creds(""), creds("x"), creds("a\x00"), {"type": EMAIL_STAGE}])
async def test_a_proof_that_is_none(world: World, auth: dict[str, Any]) -> None:
    (await reset(world, auth)).refused(401, "M_UNAUTHORIZED")


async def test_a_session_that_has_ended_is_told_so(world: World) -> None:
    body = {"new_password": PASSWORD}
    ended = await world.call("POST", f"{CLIENT_API}/account/password", body, token="ended")
    ended.refused(401, "M_UNKNOWN_TOKEN")


async def test_a_new_password_ends_all_that_could_reset_it(world: World) -> None:
    anna = await with_address(world)
    client = (await ask(world, "account/password")).ok()["sid"]
    await page(world, "POST", "/reset/mail", address=ADDRESS)
    letters = await world.post.received(2)
    (await submit(world, client, code_of(letters[0]))).ok()
    await accounts.reset_password(world.commands, OPERATOR, anna.user, PASSWORD)
    (await reset(world, creds(client))).refused(401, "M_UNAUTHORIZED")
    assert (await page(world, "GET", f"/mail/{link_of(letters[1])}")).status == 404


async def test_unknown_addresses_get_no_letter(world: World) -> None:
    await with_address(world)
    (await ask(world, "account/password", "nobody@example.org")).ok()
    await page(world, "POST", "/reset/mail", address="nobody@example.org")
    await settled(world.commands)
    assert world.post.tried == 1  # Anna's own, some time ago


def hidden(answer: Answer) -> dict[str, str]:
    """What a form keeps for its next step."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', answer.bytes.decode())
    return dict(found)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_somebody_without_a_client_in_every_language(world: World, language: Language) -> None:
    """From the page with the administrator's codes to a new password, by the code and by the link."""
    anna = await with_address(world)
    texts = TEXTS[language]
    done = PASSWORD_TEXTS[language].done_title
    first = (await page(world, "GET", "/reset", language)).bytes.decode()
    assert f'href="/reset/mail?lang={language}"' in first
    assert texts.ask_lead in (await page(world, "GET", "/reset/mail", language)).bytes.decode()

    sent = await page(world, "POST", "/reset/mail", language, address=ADDRESS.upper())
    letter = (await world.post.received(1))[0]
    assert (letter.language, anna.user in letter.subject) == (language, True)
    typed = {**hidden(sent), "password": PASSWORD, "password_again": PASSWORD}
    wrong = await page(world, "POST", "/reset/code", language, **typed, code="12345")
    assert (wrong.status, texts.bad_code in wrong.bytes.decode()) == (400, True)
    weak = await page(world, "POST", "/reset/code", language, **{**typed, "password": "x", "password_again": "x"})
    assert weak.status == 400
    right = await page(world, "POST", "/reset/code", language, **typed, code=code_of(letter))
    assert (right.status, done in right.bytes.decode()) == (200, True)
    assert (await page(world, "POST", "/reset/code", language, **typed, code=code_of(letter))).status == 400

    await page(world, "POST", "/reset/mail", language, address=ADDRESS)
    link = f"/mail/{link_of((await world.post.received(2))[1])}"
    shown = (await page(world, "GET", link, language)).bytes.decode()
    assert ADDRESS in shown
    for bad in ({"password": "short", "password_again": "short"}, {"password": PASSWORD, "password_again": "other"}):
        assert (await page(world, "POST", link, language, **bad)).status == 400
    new = "quite another password"
    right = await page(world, "POST", link, language, password=new, password_again=new)
    assert (right.status, done in right.bytes.decode()) == (200, True)
    (await world.call("POST", f"{CLIENT_API}/login", login(ADDRESS, new))).ok()
    assert texts.gone_title in (await page(world, "POST", link, language)).bytes.decode()


async def test_the_right_code_is_kept_when_the_password_is_too_weak(world: World) -> None:
    await with_address(world)
    sent = await page(world, "POST", "/reset/mail", address=ADDRESS)
    code = code_of((await world.post.received(1))[0])
    named = {"password": "my name is anna", "password_again": "my name is anna"}
    weak = await page(world, "POST", "/reset/code", **hidden(sent), **named, code=code)
    assert (weak.status, "must not hold the user name" in weak.bytes.decode()) == (400, True)
    good = {"password": PASSWORD, "password_again": PASSWORD}
    assert (await page(world, "POST", "/reset/code", **hidden(sent), **good, code="")).status == 200


async def test_the_page_shows_the_same_for_everybody(world: World) -> None:
    await with_address(world)
    pages = []
    for address in (ADDRESS, "nobody@example.org"):
        sent = await page(world, "POST", "/reset/mail", address=address)
        good = {"password": "my name is anna", "password_again": "my name is anna"}
        tried = await page(world, "POST", "/reset/code", **hidden(sent), **good, code="12345")
        shown = sent.bytes + tried.bytes
        for secret in (address, *hidden(sent).values()):
            shown = shown.replace(secret.encode(), b"")
        pages.append((sent.status, tried.status, shown))
    assert pages[0] == pages[1]


async def test_the_link_of_the_page_proves_nothing_to_a_client(world: World) -> None:
    await with_address(world)
    sent = await page(world, "POST", "/reset/mail", address=ADDRESS)
    link = link_of((await world.post.received(1))[0])
    with pytest.raises(Exception, match="not valid"):
        await accounts.prove_by_link(world.commands, link)
    kept = hidden(sent)
    (await reset(world, creds(kept["sid"], kept["client_secret"]))).refused(401, "M_UNAUTHORIZED")


@pytest.mark.parametrize("path", ["/mail/unknown", "/mail/" + "a" * 500])
async def test_links_that_nobody_was_sent(world: World, path: str) -> None:
    for method in ("GET", "POST"):
        answer = await page(world, method, path, "ru")
        assert (answer.status, TEXTS["ru"].gone_title in answer.bytes.decode()) == (404, True)


@pytest.mark.parametrize(
    ("wanted", "is_followed"),
    [
        ("https://veche.test/app/#/home?x=1&y=2", True),
        ("https://veche.test.evil.org/", False),
        ("https://veche.test@evil.org/", False),
        ("//evil.org/", False),
        ("javascript:alert(1)", False),
        ("https://veche.test\\@evil.org/", False),
        ("http://veche.test/", False),
        ("https://[evil/", False),
        ("/app", False),
        ("", False),
    ],
)
async def test_the_way_on_leads_nowhere_else(world: World, wanted: str, is_followed: bool) -> None:
    (await ask(world, next_link=wanted)).ok()
    link = link_of((await world.post.received(1))[0])
    shown = (await page(world, "POST", f"/mail/{link}")).bytes.decode()
    assert (TEXTS["en"].go_on in shown) is is_followed
    assert ('href="https://veche.test/app/#/home?x=1&amp;y=2"' in shown) is is_followed


@pytest.mark.settings(registration="open")
async def test_without_mail_the_pages_name_the_administrator(world: World) -> None:
    asked = await page(world, "GET", "/reset/mail", "fr")
    assert (asked.status, TEXTS["fr"].off_text in asked.bytes.decode()) == (404, True)
    sent = await page(world, "POST", "/reset/mail", "fr", address=ADDRESS)
    assert (sent.status, TEXTS["fr"].off_text in sent.bytes.decode()) == (403, True)
    assert "/reset/mail" not in (await page(world, "GET", "/reset")).bytes.decode()


async def register(world: World, auth: dict[str, Any] | None = None, name: str = "greta") -> Answer:
    """Register."""
    body = {"username": name, "password": PASSWORD, **({"auth": auth} if auth else {})}
    return await world.call("POST", f"{CLIENT_API}/register", body)


async def proven(world: World, address: str = ADDRESS, secret: str = SECRET) -> str:
    """Show that an address is one's own, to register with it; returns the sid."""
    before = len(world.post.letters)
    sid: str = (await ask(world, "register", address, client_secret=secret)).ok()["sid"]
    letter = (await world.post.received(before + 1))[-1]
    assert (await submit(world, sid, code_of(letter), secret)).ok() == {"success": True}
    return sid


@pytest.mark.settings(**SETTINGS, registration_requires_mail="on")
async def test_registering_with_an_address(world: World) -> None:
    asked = await register(world)
    assert asked.json["flows"] == [{"stages": [EMAIL_STAGE]}]
    (await register(world, {"type": "m.login.dummy"})).refused(401, "M_FORBIDDEN")
    session = asked.json["session"]
    (await register(world, creds("unknown", session=session))).refused(401, "M_UNAUTHORIZED")
    sid = await proven(world)
    (await register(world, creds(sid, "other", session))).refused(401, "M_UNAUTHORIZED")
    made = (await register(world, creds(sid, session=session))).ok()
    known = await world.call("GET", f"{CLIENT_API}/account/3pid", token=made["access_token"])
    assert [one["address"] for one in known.ok()["threepids"]] == [ADDRESS]
    (await register(world, creds(sid), "hanna")).refused(401, "M_UNAUTHORIZED")


@pytest.mark.settings(**SETTINGS, registration_requires_mail="on", registration="token")
async def test_registering_with_an_address_and_a_token(world: World) -> None:
    token = (await accounts.add_registration_token(world.commands, OPERATOR, TokenWish("letter", 1))).token
    asked = await register(world)
    assert asked.json["flows"] == [{"stages": [EMAIL_STAGE, "m.login.registration_token"]}]
    session = asked.json["session"]
    going = await register(world, creds(await proven(world), session=session))
    assert (going.status, going.json["completed"], going.errcode) == (401, [EMAIL_STAGE], None)
    stage = {"type": "m.login.registration_token", "session": session}
    wrong = await register(world, {**stage, "token": "other"})
    assert wrong.refused(401, "M_FORBIDDEN")["completed"] == [EMAIL_STAGE]
    unknown = await register(world, {"type": "m.login.dummy", "session": session})
    assert unknown.refused(401, "M_FORBIDDEN")["completed"] == [EMAIL_STAGE]
    (await register(world, {**stage, "token": token})).ok()


@pytest.mark.settings(**SETTINGS, registration_requires_mail="on", registration="token")
async def test_a_stage_that_is_done_in_a_browser_while_a_client_asks_is_not_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = (await accounts.add_registration_token(world.commands, OPERATOR, TokenWish("letter", 1))).token
    session = (await register(world, creds(await proven(world)))).json["session"]

    async def meanwhile(ctx: Context, *asked: Any) -> Done:
        found = await done_before(ctx, *asked)
        await do_stage(ctx, session, "m.login.registration_token", token)
        return found

    with monkeypatch.context() as patch:
        patch.setattr("veche.commands.sessions.reauthenticating.done_before", meanwhile)
        assert (await register(world, {"session": session})).status == 401
    (await register(world, {"session": session})).ok()


@pytest.mark.settings(**SETTINGS, registration_requires_mail="on", registration="token")
async def test_stages_may_come_in_any_order_but_belong_to_one_check(world: World) -> None:
    token = (await accounts.add_registration_token(world.commands, OPERATOR, TokenWish("letter", 1))).token
    stage = {"type": "m.login.registration_token", "token": token}
    first = await register(world, stage)
    assert (first.status, first.json["completed"]) == (401, ["m.login.registration_token"])
    sid = await proven(world)
    alone = await register(world, creds(sid))
    assert (alone.status, alone.json["completed"]) == (401, [EMAIL_STAGE])
    (await register(world, creds(sid, session=first.json["session"]))).ok()


async def test_an_address_is_wanted_but_not_needed(world: World) -> None:
    asked = await register(world)
    assert asked.json["flows"] == [{"stages": ["m.login.dummy"]}, {"stages": [EMAIL_STAGE]}]
    (await register(world, {"type": "m.login.dummy"})).ok()
    (await register(world, creds(await proven(world)), "hanna")).ok()


@pytest.mark.settings(**SETTINGS, registration_requires_mail="on")
async def test_two_cannot_register_with_one_address(world: World) -> None:
    sids = {secret: await proven(world, secret=secret) for secret in ("one", "two")}
    (await register(world, creds(sids["one"], "one"))).ok()
    (await register(world, creds(sids["two"], "two"), "hanna")).refused(400, "M_THREEPID_IN_USE")
    assert (await world.call("GET", f"{CLIENT_API}/register/available?username=hanna")).ok() == {"available": True}


@pytest.mark.settings(**SETTINGS, registration="closed")
async def test_closed_registration_sends_no_letter(world: World) -> None:
    (await ask(world, "register")).refused(403, "M_FORBIDDEN")


async def test_who_signed_in_stays_known(world: World) -> None:
    """The history of signing in has the reset, and the letters leave it alone."""
    farid = await with_address(world, FARID)
    sid = (await ask(world, "account/password")).ok()["sid"]
    (await submit(world, sid, code_of((await world.post.received(1))[0]))).ok()
    (await reset(world, creds(sid), logout_devices=False)).ok()
    [entry] = (await farid.get("/_veche/v1/sign_ins")).ok()["sign_ins"]
    assert (entry["method"], entry["outcome"]) == ("mail", "success")
