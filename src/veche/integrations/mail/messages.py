"""A letter as it travels: headers and both forms of its text, in the form of RFC 5322 and MIME."""

from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from veche.integrations.mail.composing import tamed
from veche.integrations.mail.records import GivenUp, Letter, MailServer

LARGEST = 512 * 1024  # bytes


def message_of(letter: Letter, server: MailServer) -> bytes:
    """Return a letter in bytes. Raises ``GivenUp`` where it is too large or its headers cannot be written."""
    message = EmailMessage(policy=SMTP)
    try:
        for name, value in _headers(letter, server).items():
            message[name] = value
        message.set_content(letter.text, cte="base64")
        message.add_alternative(letter.html, subtype="html", cte="base64")
        message["Content-Language"] = letter.language  # set earlier it would go to the first part only
        made = message.as_bytes()
    except (ValueError, LookupError) as fault:
        raise GivenUp(f"it cannot be written: {type(fault).__name__}") from None
    if len(made) > LARGEST:
        raise GivenUp(f"it is larger than {LARGEST} bytes")
    return made


def _headers(letter: Letter, server: MailServer) -> dict[str, str | Address]:
    """Return the headers. What answers by itself is asked not to (RFC 3834); digests can be ended (RFC 8058)."""
    headers: dict[str, str | Address] = {
        "From": _address(server.sender, server.sender_name),
        "To": _address(letter.address),
        "Subject": tamed(letter.subject),
        "Date": format_datetime(datetime.fromtimestamp(letter.written_ts / 1000, UTC)),
        "Message-ID": f"<{letter.number}@{server.sender.rpartition('@')[2]}>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }
    if letter.unsubscribe:
        headers["List-Unsubscribe"] = f"<{letter.unsubscribe}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        headers["Precedence"] = "bulk"
    return headers


def _address(bare: str, name: str = "") -> Address:
    local, _, domain = bare.rpartition("@")
    return Address(name, local, domain)
