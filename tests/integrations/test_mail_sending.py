"""Sending through real SMTP servers: how the way is kept from others, and servers that fail in every way they do."""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.stage.ports import free_port
from tests.stage.smtp import SECRET, USER, Mailbox, Papers, Peer, Security, Talk, endless, one_long_line, says, silence
from veche.integrations.mail.absent import NoMail
from veche.integrations.mail.records import Failure, GivenUp, Letter, MailServer, PutOff, Unreachable
from veche.integrations.mail.smtp import Smtp

LETTER = Letter("anna@example.org", "ru", "Тема", "Привет\n.\nstill here\n", "<p>Привет</p>", "0123abcd", 10**12)
SERVER = MailServer("127.0.0.1", 0, "none", "", "", "veche@veche.test", "Вече", "veche.test", "", 20)
HELLO, OK = b"220 mail.veche.test ESMTP\r\n", b"250 OK\r\n"


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    """An authority and a certificate for loopback."""
    return Papers(tmp_path_factory.mktemp("papers"))


@pytest.fixture
def box() -> Iterator[Mailbox]:
    """A mail server that wants nothing."""
    made = Mailbox().start()
    yield made
    made.stop()


def server(port: int, **more: object) -> MailServer:
    """Return a mail server at that port."""
    return msgspec.structs.replace(SERVER, port=port, **more)


async def failure(port: int, letter: Letter = LETTER, **more: object) -> Failure:
    """Return how sending fails."""
    with pytest.raises(Failure) as raised:
        await Smtp(server(port, **more)).send(letter)
    assert "anna" not in str(raised.value)
    return raised.value


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
@pytest.mark.parametrize("asks", [False, True])
async def test_a_letter_arrives(papers: Papers, security: Security, asks: bool) -> None:
    box = Mailbox(security, papers, asks=asks).start()
    known = {"user": USER, "password": SECRET} if asks else {}
    try:
        await Smtp(server(box.port, security=security, authorities=str(papers.authority), **known)).send(LETTER)
    finally:
        box.stop()
    [envelope], [letter] = box.envelopes, box.letters
    assert (envelope.mail_from, envelope.rcpt_tos) == ("veche@veche.test", ["anna@example.org"])
    assert (letter["to"], letter["subject"]) == ("anna@example.org", "Тема")
    assert letter["from"] == "Вече <veche@veche.test>"
    assert letter["message-id"] == "<0123abcd@veche.test>"
    assert letter["date"] == "Sun, 09 Sep 2001 01:46:40 +0000"
    assert letter["auto-submitted"] == "auto-generated"
    assert letter["content-language"] == "ru"
    assert "list-unsubscribe" not in letter
    plain, html = letter.iter_parts()
    assert plain.get_content().replace("\r\n", "\n") == LETTER.text
    assert html.get_content().strip() == LETTER.html
    assert letter.get_content_type() == "multipart/alternative"


async def test_what_comes_again_and_again_can_be_ended(box: Mailbox) -> None:
    page = "https://veche.test/unsubscribe/abc"
    await Smtp(server(box.port)).send(msgspec.structs.replace(LETTER, unsubscribe=page))
    assert box.letters[0]["list-unsubscribe"] == f"<{page}>"
    assert box.letters[0]["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize("evil", ["x\r\nBcc: dmitri@example.org", "x\nBcc: dmitri@example.org", "x\rBcc: d@e.org"])
async def test_nobody_puts_headers_into_a_letter(box: Mailbox, evil: str) -> None:
    await Smtp(server(box.port)).send(msgspec.structs.replace(LETTER, subject=evil, text=evil, html=evil))
    assert box.envelopes[0].rcpt_tos == ["anna@example.org"]
    assert "bcc" not in box.letters[0]
    for part in ({"address": f"anna@example.org{evil[1:]}"}, {"language": evil}, {"number": evil}):
        with pytest.raises(Failure):
            await Smtp(server(box.port)).send(msgspec.structs.replace(LETTER, **part))
    with pytest.raises(Failure):
        await Smtp(server(box.port, sender_name=evil)).send(LETTER)
    assert len(box.letters) == 1


async def test_a_letter_has_an_end(box: Mailbox) -> None:
    assert isinstance(await failure(box.port, msgspec.structs.replace(LETTER, text="x" * 600_000)), GivenUp)
    assert box.letters == []


async def test_the_wrong_password(papers: Papers) -> None:
    box = Mailbox(asks=True).start()
    try:
        fault = await failure(box.port, user=USER, password="another")
    finally:
        box.stop()
    assert (type(fault), "sign in: 535" in str(fault)) == (Unreachable, True)


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_certificate_that_is_not_trusted(tmp_path: Path, papers: Papers, security: Security) -> None:
    strangers = Papers(tmp_path, ("mail.elsewhere",))
    for shown, trusted in ((papers, ""), (papers, str(strangers.authority)), (strangers, str(strangers.authority))):
        box = Mailbox(security, shown).start()
        try:
            fault = await failure(box.port, security=security, authorities=trusted)
        finally:
            box.stop()
        assert (type(fault), "not trusted" in str(fault)) == (Unreachable, True)
        assert box.letters == []


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[threading.Thread]:
    """The threads on which certificates were loaded."""
    threads: list[threading.Thread] = []
    load = ssl.create_default_context

    def watched(**options: Any) -> ssl.SSLContext:
        threads.append(threading.current_thread())
        return load(**options)

    monkeypatch.setattr(ssl, "create_default_context", watched)
    return threads


async def test_certificates_are_loaded_once_and_beside_the_loop(papers: Papers, loaded: list[threading.Thread]) -> None:
    box = Mailbox("tls", papers).start()
    smtp = Smtp(server(box.port, security="tls", authorities=str(papers.authority)))
    loaded.clear()  # the mail server has loaded some itself
    try:
        await asyncio.gather(*(smtp.send(LETTER) for _ in range(4)))
        await smtp.send(LETTER)
    finally:
        box.stop()
    assert len(box.letters) == 5
    assert len(loaded) == 1
    assert threading.current_thread() not in loaded
    with pytest.raises(Unreachable):  # they are loaded before it is known whether anybody listens
        await Smtp(server(box.port, security="tls")).send(LETTER)
    assert (len(loaded), threading.current_thread() in loaded) == (2, False)


async def test_the_authorities_of_the_system_are_loaded_anew_each_hour(loaded: list[threading.Thread]) -> None:
    shown = [0.0]
    smtp = Smtp(server(free_port(), security="tls"), lambda: shown[-1])
    for now, times in ((3599.0, 1), (3600.0, 2), (7199.0, 2), (7200.0, 3)):
        shown.append(now)
        with pytest.raises(Unreachable):
            await smtp.send(LETTER)
        assert len(loaded) == times


async def test_authorities_that_change_hold_at_once(tmp_path: Path, papers: Papers) -> None:
    trusted, box = tmp_path / "authorities.pem", Mailbox("tls", papers).start()
    smtp = Smtp(server(box.port, security="tls", authorities=str(trusted)))
    strangers = Papers(tmp_path, ("mail.elsewhere",)).authority.read_bytes()
    try:
        for content, arrives in ((None, False), (strangers, False), (papers.authority.read_bytes(), True)):
            if content is not None:
                trusted.with_suffix(".new").write_bytes(content)
                trusted.with_suffix(".new").replace(trusted)
            with contextlib.nullcontext() if arrives else pytest.raises(Unreachable):
                await smtp.send(LETTER)
    finally:
        box.stop()
    assert len(box.letters) == 1


async def test_without_starttls_nothing_is_said_in_the_clear(box: Mailbox) -> None:
    assert isinstance(await failure(box.port, security="starttls", user=USER, password=SECRET), Unreachable)
    assert box.letters == []


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("450 4.2.0 try later", PutOff),
        ("550 5.1.1 no such person", GivenUp),
        ("421 4.3.2 closing", PutOff),
        ("200 what?", PutOff),
    ],
)
async def test_what_a_server_says_of_a_letter(box: Mailbox, answer: str, kind: type[Failure]) -> None:
    for answers in (box.recipients, box.answers):
        answers.append(answer)
        assert isinstance(await failure(box.port), kind)
    await Smtp(server(box.port)).send(LETTER)


TALKS: dict[str, Talk] = {
    "silent": silence,
    "silent after a greeting": says(HELLO, then=silence),
    "hangs up": says(),
    "hangs up after a greeting": says(HELLO),
    "another protocol": says(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "not a line of text": says(b"\x00\xff\xfe\x16\x03\x01" * 100 + b"\r\n"),
    "wants nobody": says(b"554 go away\r\n"),
    "busy": says(b"421 too many connections\r\n"),
    "one endless line": one_long_line,
    "endless lines": says(HELLO, then=endless),
    "an endless greeting": endless,
    "refuses the greeting": says(HELLO, b"500 what?\r\n", b"500 what?\r\n"),
    "refuses the sender": says(HELLO, OK, b"550 not you\r\n", OK, OK),
    "too large": says(HELLO, b"250-mail\r\n250 SIZE 10\r\n", b"552 too large\r\n", OK, OK),
    "hangs up at the recipient": says(HELLO, OK, OK),
    "hangs up at the letter": says(HELLO, OK, OK, OK, b"354 go on\r\n"),
    "talks out of turn": says(HELLO + OK + OK + OK + b"354 go on\r\n" + OK, then=silence),
}


ENDS: dict[str, type[Failure]] = {
    "too large": GivenUp,
    "hangs up at the recipient": PutOff,
    "hangs up at the letter": PutOff,
}
"""What concerns one letter only. Everything else keeps all letters waiting."""
SILENT = ("silent", "silent after a greeting", "talks out of turn")
"""What ends only because nobody waits any longer. All others end by themselves, on a slow machine later."""


@pytest.mark.parametrize("how", TALKS)
async def test_servers_that_fail(how: str) -> None:
    async with Peer(TALKS[how]) as peer:
        fault = await failure(peer.port, seconds=2 if how in SILENT else SERVER.seconds)
    assert type(fault) is ENDS.get(how, Unreachable)


async def test_silence_after_the_letter_concerns_this_letter_only() -> None:
    is_reached = asyncio.Event()

    async def fall_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        is_reached.set()
        await silence(reader, writer)

    seconds = 1
    async with Peer(says(HELLO, OK, OK, OK, b"354 go on\r\n", then=fall_silent)) as peer:
        while not is_reached.is_set():  # a slow machine needs more time to come so far
            seconds *= 2
            fault = await failure(peer.port, seconds=seconds)
    assert type(fault) is PutOff


async def test_nobody_listens() -> None:
    assert isinstance(await failure(free_port()), Unreachable)
    assert isinstance(await failure(25, host="nowhere.invalid"), Unreachable)


async def test_a_silent_server_costs_the_loop_nothing() -> None:
    """While a letter waits for a server that says nothing, others are sent."""
    box = Mailbox().start()
    async with Peer(silence) as peer:
        waiting = asyncio.create_task(Smtp(server(peer.port, seconds=60)).send(LETTER))
        await peer.connected.wait()
        await Smtp(server(box.port)).send(LETTER)
        assert not waiting.done()
        waiting.cancel()
        await asyncio.wait([waiting])
    box.stop()
    assert len(box.letters) == 1


async def test_without_a_server_nothing_is_sent() -> None:
    with pytest.raises(Unreachable):
        await NoMail().send(LETTER)
