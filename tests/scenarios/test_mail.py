"""Mail on the real server, through a real mail server: registering, forgetting, outages and kills, in each language."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from tests.cast import PASSWORD
from tests.scenarios.test_cli import failed, said
from tests.stage.asgi import Answer
from tests.stage.databases import Place
from tests.stage.ports import free_port
from tests.stage.server import Server
from tests.stage.smtp import PATIENCE, SECRET, USER, Mailbox, Papers, Peer, Talk, endless, says, silence
from tests.stage.sockets import RealTown
from veche.api.web.letters.texts import TEXTS
from veche.api.web.sessions.texts import TEXTS as PASSWORD_TEXTS
from veche.domain.settings import LANGUAGES, Language

PUBLIC = "https://chat.veche.test"
CLIENT = "/_matrix/client/v3"
ADDRESS = "greta@example.org"
NEW = "quite another password"


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    """The mail server's certificate."""
    return Papers(tmp_path_factory.mktemp("papers"))


@pytest.fixture
def box(papers: Papers) -> Iterator[Mailbox]:
    """A mail server as offices have them: STARTTLS, and a name and password."""
    made = Mailbox("starttls", papers, asks=True).start()
    yield made
    made.stop()


def posting(port: int, papers: Papers, folder: Path) -> dict[str, Any]:
    """The settings of a server that gives its letters to that port."""
    secret = folder / "mail-password"
    secret.write_text(f"{SECRET}\n")
    return {
        "public_address": PUBLIC,
        "mail_server": "127.0.0.1",
        "mail_port": port,
        "mail_authorities": str(papers.authority),
        "mail_user": USER,
        "mail_password_file": str(secret),
        "mail_from": "Вече <veche@veche.test>",
    }


@asynccontextmanager
async def town(server: Server) -> AsyncIterator[RealTown]:
    """A running server and a client."""
    await asyncio.to_thread(server.start)
    try:
        async with aiohttp.ClientSession() as session:
            yield RealTown(server, session)
    finally:
        await asyncio.to_thread(server.stop)


async def ask(world: RealTown, what: str, language: str = "en", address: str = ADDRESS, secret: str = "s") -> str:
    """Ask for a letter; return the sid."""
    body = {"client_secret": secret, "email": address, "send_attempt": 1}
    headers = {"accept-language": language}
    answer = await world.call("POST", f"{CLIENT}/{what}/email/requestToken", body, headers=headers)
    return str(answer.ok()["sid"])


async def page(world: RealTown, method: str, path: str, language: str, **typed: str) -> str:
    """Ask for a page as a browser does."""
    headers = {"accept-language": language, "accept": "text/html"}
    if method == "POST":
        headers["content-type"] = "application/x-www-form-urlencoded"
    answer = await world.call(method, path, urlencode(typed).encode() if method == "POST" else None, headers=headers)
    assert answer.status == 200, answer.bytes.decode()
    return answer.bytes.decode()


def text_of(letter: EmailMessage) -> str:
    """Return a letter's text; it must say the same as its HTML."""
    plain, html = letter.get_body(("plain",)), letter.get_body(("html",))
    assert plain is not None
    assert html is not None
    text: str = plain.get_content()
    for address in re.findall(r"https://\S+", text):
        assert f'href="{address}"' in html.get_content()
    return text


def path_of(letter: EmailMessage) -> str:
    """Return the path of the letter's link."""
    found = re.search(rf"{PUBLIC}(/mail/[a-z0-9]+)", text_of(letter))
    assert found
    return found[1]


def wait_until_none_waits(place: Place) -> None:
    """Wait until all letters are sent: that the last was taken, the server learns after the mail server."""
    end = time.monotonic() + PATIENCE
    while (status := said("mail", "status", "--data", str(place.data))) != "0 letters waiting\n":
        assert time.monotonic() < end, status
        time.sleep(0.1)


async def register(world: RealTown, auth: dict[str, Any] | None) -> Answer:
    """Register as Greta."""
    body = {"username": "greta", "password": PASSWORD, **({"auth": auth} if auth else {})}
    return await world.call("POST", f"{CLIENT}/register", body)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_from_registering_to_a_forgotten_password(
    place: Place, tmp_path: Path, papers: Papers, box: Mailbox, language: Language
) -> None:
    settings = posting(box.port, papers, tmp_path) | {"registration_requires_mail": "on"}
    async with town(Server(place, **settings)) as world:
        asked = await register(world, None)
        sid = await ask(world, "register", language)
        letter = (await box.received(1))[0]
        assert (letter["to"], letter["content-language"]) == (ADDRESS, language)
        shown = await page(world, "GET", path_of(letter), language)
        assert TEXTS[language].confirm["register"][0] in shown
        creds = {"sid": sid, "client_secret": "s"}
        auth = {"type": "m.login.email.identity", "session": asked.json["session"], "threepid_creds": creds}
        assert (await register(world, auth)).status == 401
        assert TEXTS[language].confirmed_title in await page(world, "POST", path_of(letter), language)
        (await register(world, auth)).ok()

        sent = await page(world, "POST", "/reset/mail", language, address=ADDRESS)
        assert TEXTS[language].sent_title in sent
        letter = (await box.received(2))[1]
        assert "@greta:veche.test" in letter["subject"]
        assert TEXTS[language].choose_title in await page(world, "GET", path_of(letter), language)
        done = await page(world, "POST", path_of(letter), language, password=NEW, password_again=NEW)
        assert PASSWORD_TEXTS[language].done_title in done
        identifier = {"type": "m.id.thirdparty", "medium": "email", "address": ADDRESS}
        body = {"type": "m.login.password", "identifier": identifier, "password": NEW}
        assert (await world.call("POST", f"{CLIENT}/login", body)).ok()["user_id"] == "@greta:veche.test"
        log = world.server.last_words(10_000)
    assert ADDRESS not in log
    assert path_of(letter) not in log


async def test_a_kill_before_the_sending_loses_no_letter_and_doubles_none(
    place: Place, tmp_path: Path, papers: Papers
) -> None:
    box = Mailbox("starttls", papers, asks=True)
    server = Server(place, **posting(box.port, papers, tmp_path))
    async with town(server) as world:
        for number in range(3):
            await ask(world, "register", address=f"greta{number}@example.org")
        await asyncio.to_thread(server.kill)
    box.start()
    try:
        async with town(server):
            await box.received(3)
        async with town(server) as world:
            await ask(world, "register", address="last@example.org")
            letters = await box.received(4)
            await asyncio.to_thread(wait_until_none_waits, place)
        assert len({letter["to"] for letter in letters}) == 4
    finally:
        box.stop()


HELLO, OK = b"220 mail\r\n", b"250 OK\r\n"
TALKS: dict[str, Talk] = {
    "silent": silence,
    "endless": says(HELLO, then=endless),
    "hostile": says(b"\x00" * 5000 + b"\r\n"),
    "busy": says(b"421 not now\r\n"),
    "refuses": says(b"554 never\r\n"),
    "gone at the letter": says(HELLO, OK, OK, OK, b"354 go on\r\n"),
    "silent at the letter": says(HELLO, OK, OK, OK, b"354 go on\r\n", then=silence),
}


async def test_mail_servers_that_fail_in_turn_keep_no_reader_waiting(place: Place) -> None:
    """Each of them is being talked to, or has just failed, while people go on; then a good one gets every letter."""
    server = Server(place, public_address=PUBLIC, mail_server="127.0.0.1", mail_security="none", mail_timeout=2)
    for number, talk in enumerate(TALKS.values()):
        async with Peer(talk) as peer:
            server.change(mail_port=peer.port)
            async with town(server) as world:
                await ask(world, "register", address=f"greta{number}@example.org")
                await peer.connected.wait()
                person = await world.person(f"hanna{number}")
                (await person.get("/sync", timeout=0)).ok()
    box = Mailbox().start()
    try:
        server.change(mail_port=box.port)
        async with town(server):
            await box.received(len(TALKS))
    finally:
        box.stop()


def test_the_command_says_whether_mail_works(place: Place, tmp_path: Path, papers: Papers, box: Mailbox) -> None:
    data = ("--data", str(place.data))
    settings = posting(box.port, papers, tmp_path)
    server = Server(place, **settings).start()
    try:
        assert (
            said("mail", "test", ADDRESS, "--language", "fr", *data)
            == f"The mail server took the letter to {ADDRESS}.\n"
        )
        assert "no mail address" in failed("mail", "test", "greta", *data)
        said("user", "add", "greta", *data, given=f"{PASSWORD}\n")
        assert said("user", "addresses", "greta", *data) == ""
        assert "no such address" in failed("user", "addresses", "greta", "--remove", ADDRESS, *data)
        assert "no such account" in failed("user", "addresses", "nobody", *data)
        assert said("mail", "status", *data) == "0 letters waiting\n"
    finally:
        server.stop()
    assert [letter["content-language"] for letter in box.letters] == ["fr"]
    given = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
    assert "took the letter" in said("mail", "test", ADDRESS, *data, *given)
    assert "is not set" in failed("mail", "test", ADDRESS, *data)
    assert "there is no talking to it" in failed(
        "mail", "test", ADDRESS, *data, *given, "--set", f"mail_port={free_port()}"
    )


@pytest.mark.parametrize(
    ("settings", "said_of_it"),
    [
        ({"mail_server": "mail.example.org"}, "mail_server needs public_address"),
        ({"mail_user": "veche"}, "mail_user: it needs mail_password"),
        ({"mail_user": "veche", "mail_password": "x", "mail_security": "none"}, "would travel readable"),
        ({"mail_user": "veche", "mail_password_file": "/nowhere/at/all"}, "mail_password_file:"),
        ({"mail_authorities": "/nowhere/at/all"}, "mail_authorities: there is no file"),
        ({"mail_from": "Veche <nobody>"}, "mail_from: Veche <nobody> is no mail address"),
        ({"mail_server": "", "registration_requires_mail": "on"}, "there is no mail_server"),
    ],
)
def test_settings_that_do_not_fit_stop_the_start(place: Place, settings: dict[str, Any], said_of_it: str) -> None:
    whole: dict[str, Any] = (
        {"mail_server": "mail.example.org", "public_address": PUBLIC} if "mail_server" not in settings else {}
    )
    with pytest.raises(AssertionError, match=re.escape(said_of_it)):
        Server(place, **whole, **settings).start()
