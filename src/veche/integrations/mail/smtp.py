"""Sending through an SMTP server: one connection for each letter, and an end to all waiting.

Whatever the server says ends up in a few words of our own; it may be hostile, silent or endless.
"""

import asyncio
import contextlib
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import aiosmtplib

from veche.integrations.certificates.trusting import Trust
from veche.integrations.mail.messages import message_of
from veche.integrations.mail.records import GivenUp, Letter, MailServer, PutOff, Unreachable

_TOO_LARGE = 552
"""How a server refuses a letter for its size before it has seen it (RFC 1870)."""


class Smtp:
    """Sends letters through a mail server. Nothing but that server is ever called."""

    def __init__(self, server: MailServer, clock: Callable[[], float] = time.monotonic) -> None:
        self._server = server
        self._trust = Trust(instead=Path(server.authorities) if server.authorities else None, clock=clock)

    async def send(self, letter: Letter) -> None:
        """Give a letter to the server. Raises ``Unreachable``, ``PutOff`` or ``GivenUp``."""
        message, client = message_of(letter, self._server), None
        try:
            async with asyncio.timeout(self._server.seconds):
                client = await self._connected()
                await client.sendmail(self._server.sender, [letter.address], message)
        except (aiosmtplib.SMTPException, OSError, ValueError) as fault:
            raise _failure(fault, knows_letter=client is not None) from None
        else:
            await _take_leave(client)
        finally:
            if client is not None:
                client.close()

    async def _connected(self) -> aiosmtplib.SMTP:
        """Return a connection on which the server has let us in, and has not heard of any letter yet."""
        client = aiosmtplib.SMTP(
            hostname=self._server.host,
            port=self._server.port,
            local_hostname=self._server.helo,
            timeout=self._server.seconds,
            use_tls=self._server.security == "tls",
            start_tls=self._server.security == "starttls",
            tls_context=await self._trust.context() if self._server.security != "none" else None,
        )
        try:
            await client.connect()
            await _greet(client)
            if self._server.user:
                await client.login(self._server.user, self._server.password)
        except BaseException:
            client.close()
            raise
        return client


async def _greet(client: aiosmtplib.SMTP) -> None:
    try:
        await client.ehlo()
    except aiosmtplib.SMTPHeloError:
        await client.helo()


async def _take_leave(client: aiosmtplib.SMTP) -> None:
    """Be polite for a second: the letter is sent, whatever follows."""
    with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
        async with asyncio.timeout(1):
            await client.quit()


def _failure(fault: Exception, *, knows_letter: bool) -> Unreachable | PutOff | GivenUp:
    """Say what a fault means for the letter, and for all others. The server's own words are left out: they may hold the
    address, or anything at all.

    Once the server has heard of the letter, silence and hanging up may be how it refuses this one: others go on, as
    otherwise whoever asks for letters to such an address would keep everybody from theirs.
    """
    if isinstance(fault, aiosmtplib.SMTPRecipientsRefused):
        return _of_letter(fault.recipients[0].code, "the recipient was refused")
    if isinstance(fault, aiosmtplib.SMTPDataError):
        return _of_letter(fault.code, "the letter was refused")
    if isinstance(fault, aiosmtplib.SMTPSenderRefused) and fault.code == _TOO_LARGE:
        return _of_letter(fault.code, "the letter is too large")
    if isinstance(fault, aiosmtplib.SMTPResponseException):
        return Unreachable(f"{_NAMES.get(type(fault), 'it answered')}: {fault.code}")
    if isinstance(fault, ssl.SSLCertVerificationError):
        return Unreachable(f"its certificate is not trusted: {fault.verify_message}")
    if isinstance(fault.__cause__, ssl.SSLCertVerificationError):
        return Unreachable(f"its certificate is not trusted: {fault.__cause__.verify_message}")
    kind = PutOff if knows_letter else Unreachable
    if isinstance(fault, TimeoutError):
        return kind("it does not answer in time")
    return kind(f"there is no talking to it: {type(fault).__name__}")


_NAMES: dict[type[Exception], str] = {
    aiosmtplib.SMTPAuthenticationError: "it does not let us sign in",
    aiosmtplib.SMTPSenderRefused: "it refuses the sender",
    aiosmtplib.SMTPHeloError: "it refuses our greeting",
}


def _of_letter(code: int, why: str) -> PutOff | GivenUp:
    return GivenUp(f"{why}: {code}") if 500 <= code < 600 else PutOff(f"{why}: {code}")
