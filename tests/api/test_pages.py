"""Pages for browsers: one frame for all of them, and refusals that are pages as well."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import pytest

from tests.stage import asgi
from tests.stage.asgi import Answer
from tests.stage.world import World
from veche.api.http.bodies import LARGEST_BODY
from veche.api.http.contract import Door, Empty, Endpoint, Reply, RequestFacts, StreamedReply
from veche.api.http.door import Application
from veche.api.table import ENDPOINTS
from veche.api.web import sessions
from veche.api.web.pages.refusals import TEXTS, refusal_page
from veche.api.web.trust import TrustFacts, trust_page
from veche.domain.refusals import Refusal, Refused
from veche.domain.sessions import Asker
from veche.domain.settings import LANGUAGES, Language

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8", "accept-language": "en"}
PAGES = sorted({endpoint.path for endpoint in ENDPOINTS if endpoint.refusal_page is not None})
SHOWN = sorted({one.path for one in ENDPOINTS if one.refusal_page is not None and one.method == "GET"})
FACTS = RequestFacts("10.0.0.1", "", "", None)
TRUST = TrustFacts("<b>&.test", "https://x:8443", "http://x:8080", "the <authority>", "AB:CD:EF:01:23:45:67:89", 2036)


async def ask(world: World, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
    """Ask for a page as a browser does."""
    return await world.begin(method, path, body, headers={**BROWSER, **headers}).answer()


def filled(path: str, name: str = "x") -> str:
    """Return a page's path with something in the place of its parameters."""
    return re.sub(r"\{\w+\}", name, path.replace("{auth_type}", "m.login.dummy"))


def frame_of(text: str) -> str:
    """Return a page without what is its own: title, contents, foot and the offered languages."""
    for tag in ("title", "main", "footer", "nav"):
        text = re.sub(f"<{tag}>.*</{tag}>", "", text, flags=re.S)
    return text


def shown(answer: Answer) -> str:
    """Return the page; fail unless it is safe to show and kept nowhere."""
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert {"default-src 'none'", "frame-ancestors 'none'"} <= set(
        answer.headers["content-security-policy"].split("; ")
    )
    assert answer.headers["cache-control"] == "no-store"
    assert "$" not in answer.bytes.decode()
    return answer.bytes.decode()


def test_every_page_of_the_table_shows_its_refusals() -> None:
    assert PAGES == [
        "/_matrix/client/v3/auth/{auth_type}/fallback/web",
        "/f/{short}",
        "/first/{token}",
        "/mail/{token}",
        "/reset",
        "/reset/code",
        "/reset/mail",
        "/unsubscribe/{token}",
    ]
    for endpoint in ENDPOINTS:
        is_of_the_web = endpoint.serve.__module__.startswith("veche.api.web.")
        assert is_of_the_web == (endpoint.refusal_page is not None), endpoint.path
        assert not is_of_the_web or endpoint.response in (Reply, StreamedReply)


async def test_all_pages_have_one_frame(world: World) -> None:
    frames = {frame_of(shown(await ask(world, filled(path)))) for path in SHOWN}
    trust = trust_page(TRUST, "en", "Firefox")
    frames.add(frame_of(trust.body.decode()))
    frames.add(frame_of(refusal_page(Refusal("M_UNKNOWN", 500, "x"), FACTS, b"").body.decode()))
    assert len(frames) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_about_trust_shows_facts_as_text(language: Language) -> None:
    trust = trust_page(TRUST, language, "Mozilla/5.0 (X11; Linux x86_64)")
    text = trust.body.decode()
    assert "<b>&.test" not in text
    assert "&lt;b&gt;&amp;.test" in text
    assert "the &lt;authority&gt;" in text
    assert "$" not in text
    assert text.count("<details") == 6
    assert text.count(" open>") == 1
    assert (b"content-language", language.encode()) in trust.headers


@pytest.mark.settings(rate_limits="on")
@pytest.mark.parametrize("path", PAGES)
async def test_who_is_too_fast_is_shown_a_page(world: World, path: str) -> None:
    here = filled(path, "guess")
    while (told := await world.call("POST", here, b"name=x")).headers["content-type"] != "application/json":
        assert told.status < 500
    assert told.refused(429, "M_LIMIT_EXCEEDED")["retry_after_ms"] > 0
    late = await ask(world, here, "POST", b"name=x")
    assert late.status == 429
    assert TEXTS["en"].too_fast[1] in shown(late)
    assert int(late.headers["retry-after"]) > 0
    french = await ask(world, f"{here}?lang=fr", "POST", b"name=x")
    assert TEXTS["fr"].too_fast[1] in shown(french)
    assert 'href="?lang=fr">Réessayer' in french.bytes.decode()


@pytest.mark.parametrize("path", PAGES)
async def test_what_a_page_cannot_take_is_told_on_a_page(world: World, path: str) -> None:
    large = await ask(world, filled(path), "POST", b"x" * (LARGEST_BODY + 1))
    assert large.status == 413
    assert TEXTS["en"].wrong[1] in shown(large)


@pytest.mark.parametrize("path", SHOWN)
async def test_a_page_is_shown_whatever_stands_behind_its_path(world: World, path: str) -> None:
    russian = await ask(world, filled(path) + "?lang=ru&lang=%FF", "GET")
    assert russian.status in (200, 400, 404)
    shown(russian)
    for strange in ("lang=" + "&lang=" * 50, "lang=%FF", "lang=\x00", "&&&", "lang=de"):
        shown(await ask(world, f"{filled(path)}?{strange}"))


@contextmanager
def failing() -> Iterator[None]:
    """The reset page makes a mistake."""

    async def fail(*_: object) -> Reply:
        raise RuntimeError("a secret of the inside")

    with patch.object(sessions, "_form", fail):
        yield


async def test_a_mistake_is_told_on_a_page(world: World) -> None:
    with failing():
        answer = await ask(world, "/reset?lang=ru")
        assert answer.status == 500
        assert TEXTS["ru"].at_fault[1] in shown(answer)
        assert b"secret" not in answer.bytes
        (await world.call("GET", "/reset")).refused(500, "M_UNKNOWN")


async def test_endpoints_that_are_no_pages_refuse_as_ever(world: World) -> None:
    async def refuse(door: Door, asker: Asker, query: Empty) -> Empty:
        """Refuse."""
        raise Refused(Refusal("M_FORBIDDEN", 403, "No."))

    plain = Endpoint("GET", "/plain", "public", "none", Empty, Empty, refuse)
    application = Application(world.running.application.door, (plain,))
    answer = await asgi.begin(application, "GET", "/plain", headers=BROWSER).answer()
    answer.refused(403, "M_FORBIDDEN")
    (await asgi.begin(application, "GET", "/nowhere", headers=BROWSER).answer()).refused(404, "M_UNRECOGNIZED")
