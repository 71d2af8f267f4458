"""Stages of registering that are done in a browser, and the client that goes on with the session alone."""

import base64
import hashlib
import re
from typing import Any

import pytest

from tests.api.test_accounts import PASSWORD, REGISTER
from tests.cast import ANNA
from tests.stage.asgi import Answer
from tests.stage.world import CLIENT_API, World
from veche.api.web.sessions.stage_texts import TEXTS
from veche.commands import accounts
from veche.commands.accounts import stages
from veche.domain.accounts.tokens import TokenWish
from veche.domain.sessions import OPERATOR, REAUTHENTICATION_MS
from veche.domain.settings import LANGUAGES, Language

TOKEN, DUMMY = "m.login.registration_token", "m.login.dummy"
WANTS_TOKEN = pytest.mark.settings(registration="token")


async def asked(world: World, auth: dict[str, Any] | None = None) -> Answer:
    """Ask for an account, with or without a proof."""
    body = {"username": "greta", "password": PASSWORD, **({"auth": auth} if auth else {})}
    return await world.call("POST", REGISTER, body)


def path_of(stage: str, session: str) -> str:
    """Return the address to which a client sends its person."""
    return f"{CLIENT_API}/auth/{stage}/fallback/web?session={session}"


async def sent(world: World, stage: str, session: str, token: str = "") -> Answer:
    """Send the page's form."""
    return await world.call("POST", path_of(stage, session), f"token={token}".encode())


@WANTS_TOKEN
async def test_a_token_is_typed_in_the_browser(world: World) -> None:
    await accounts.add_registration_token(world.commands, OPERATOR, TokenWish("letter", 1))
    session = (await asked(world)).json["session"]
    page = await world.call("GET", path_of(TOKEN, session), headers={"accept-language": "fr"})
    text = page.bytes.decode()
    assert (page.status, page.headers["content-language"]) == (200, "fr")
    assert f'action="?session={session}&amp;lang=fr"' in text.replace("%3D", "=")
    assert "<script" not in text
    refused = await sent(world, TOKEN, session, "lettre")
    assert (refused.status, TEXTS["en"].bad_token in refused.bytes.decode()) == (403, True)
    assert (await asked(world, {"session": session})).json["completed"] == []
    done = await sent(world, TOKEN, session, "+letter+")
    assert done.status == 200
    expect_client_told(done)
    made = (await asked(world, {"session": session})).ok()
    assert made["user_id"] == "@greta:veche.test"
    assert not await is_valid(world, "letter")
    again = await sent(world, TOKEN, session, "letter")
    assert (again.status, TEXTS["en"].ended in again.bytes.decode()) == (400, True), "the check has served"


def expect_client_told(answer: Answer) -> None:
    """Fail unless the page runs exactly the one script that tells the client, and its policy lets it."""
    (script,) = re.findall("<script>(.*)</script>", answer.bytes.decode(), re.S)
    assert "window.onAuthDone()" in script
    assert 'postMessage("authDone", "*")' in script
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in answer.headers["content-security-policy"].split("; ")


async def is_valid(world: World, token: str) -> bool:
    """Say whether somebody may still register with the token."""
    path = f"/_matrix/client/v1/register/{TOKEN}/validity?token={token}"
    return bool((await world.call("GET", path)).ok()["valid"])


async def test_what_needs_no_proof_is_confirmed(world: World) -> None:
    session = (await asked(world)).json["session"]
    page = (await world.call("GET", path_of(DUMMY, session))).bytes.decode()
    assert "<input" not in page
    expect_client_told(await sent(world, DUMMY, session))
    assert (await asked(world, {"session": session})).ok()["user_id"] == "@greta:veche.test"


@WANTS_TOKEN
async def test_a_token_that_was_revoked_meanwhile_lets_nobody_in(world: World) -> None:
    await accounts.add_registration_token(world.commands, OPERATOR, TokenWish("letter", 1))
    session = (await asked(world)).json["session"]
    assert (await sent(world, TOKEN, session, "letter")).status == 200
    await accounts.revoke_registration_token(world.commands, OPERATOR, "letter")
    (await asked(world, {"session": session})).refused(403, "M_FORBIDDEN")


async def test_stages_that_cannot_be_done_here(world: World) -> None:
    anna = await world.person(ANNA)
    session = (await asked(world)).json["session"]
    (await world.call("GET", path_of("m.login.password", session))).refused(404, "M_NOT_FOUND")
    for stage in ("m.login.password", TOKEN, "m.login.recaptcha"):
        (await sent(world, stage, session, "x")).refused(404, "M_NOT_FOUND")
    other = (await anna.post("/account/deactivate", {})).json["session"]
    for wrong in ("", "unknown", other):
        answer = await sent(world, DUMMY, wrong)
        assert (answer.status, TEXTS["en"].ended in answer.bytes.decode()) == (400, True)
    world.clock.advance(ms=REAUTHENTICATION_MS)
    assert (await sent(world, DUMMY, session)).status == 400


async def test_a_check_that_ends_at_the_last_moment(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def was_under_way(*_: object) -> bool:
        return True

    monkeypatch.setattr(stages, "is_under_way", was_under_way)
    answer = await sent(world, DUMMY, "ended")
    assert (answer.status, TEXTS["en"].ended in answer.bytes.decode()) == (400, True)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_pages_in_every_language(world: World, language: Language) -> None:
    texts = TEXTS[language]
    page = await world.call("GET", path_of(TOKEN, '"><script>') + f"&lang={language}")
    text = page.bytes.decode()
    assert "<script>" not in text
    for part in (f'<html lang="{language}">', texts.lead_of_token, texts.token, texts.token_hint, texts.submit):
        assert part in text
    session = (await asked(world)).json["session"]
    done = await world.call("POST", path_of(DUMMY, session) + f"&lang={language}", b"")
    assert texts.done_text in done.bytes.decode()
