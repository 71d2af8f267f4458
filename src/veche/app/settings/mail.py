"""Settings about mail: the one server that letters are given to. Without it none are sent."""

import ipaddress
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from veche.app.settings.records import BadSetting, Setting, first_line
from veche.domain.accounts.addresses import canonical, may_be_address
from veche.domain.settings import LANGUAGES
from veche.integrations.mail.records import MailServer

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "mail_server",
        "text",
        "",
        "The mail server (SMTP) that letters are given to; it needs public_address as well. Empty: no mail is sent.",
        shape=r"[0-9A-Za-z.:-]{1,253}",
        shown="a host name or address",
    ),
    Setting("mail_port", "number", 587, "The mail server's port.", least=1, most=65_535),
    Setting(
        "mail_security",
        "choice",
        "starttls",
        "How the way to the mail server is kept from others: STARTTLS, TLS from the beginning (mostly port 465), or not"
        " at all.",
        choices=("starttls", "tls", "none"),
    ),
    Setting(
        "mail_authorities",
        "text",
        "",
        "A file with the certificates (PEM) that the mail server's is to be signed by; empty for those that the system"
        " trusts.",
        shape=r"/.*",
        shown="the whole path of a file",
    ),
    Setting("mail_user", "text", "", "The name to sign in with at the mail server; empty for none.", shown="a name"),
    Setting("mail_password", "text", "", "The password for it.", shown="a text", is_secret=True),
    Setting(
        "mail_password_file",
        "text",
        "",
        "A file whose first line is that password, instead of writing it down here.",
        shape=r"/.*",
        shown="the whole path of a file",
    ),
    Setting(
        "mail_from",
        "text",
        "",
        "The sender of letters, Veche <veche@example.org> for example; empty for veche@ and the server's name.",
        shape=r"[^\r\n]{3,300}",
        shown="an address, or NAME <address>",
    ),
    Setting(
        "mail_timeout",
        "number",
        30,
        "How many seconds the mail server may take for one letter.",
        least=1,
        most=600,
    ),
    Setting(
        "mail_language",
        "choice",
        "en",
        "The language of letters and pages for people whose own is not known.",
        choices=LANGUAGES,
    ),
    Setting(
        "mail_digest_minutes",
        "number",
        10,
        "How many minutes something stays unread before it is told by mail to those who asked for that.",
        least=1,
        most=1440,
    ),
)


def mail_server(values: dict[str, Any], name: str) -> MailServer | None:
    """Return the mail server, or None where none is set; raises ``BadSetting`` where something does not fit."""
    if not values["mail_server"]:
        if values["registration_requires_mail"] == "on":
            raise BadSetting("registration_requires_mail: there is no mail_server to send mail by")
        return None
    if not values["public_address"]:
        raise BadSetting("mail_server needs public_address: letters hold links to this server")
    sender_name, sender = _sender(values, name)
    return MailServer(
        host=values["mail_server"],
        port=values["mail_port"],
        security=values["mail_security"],
        user=values["mail_user"],
        password=_password(values),
        sender=sender,
        sender_name=sender_name,
        helo=_host_of(name),
        authorities=_authorities(values["mail_authorities"]),
        seconds=values["mail_timeout"],
    )


def _sender(values: dict[str, Any], name: str) -> tuple[str, str]:
    given = values["mail_from"] or f"veche@{_host_of(name)}"
    sender_name, sender = parseaddr(given)
    if may_be_address(canonical(sender)) is not None:
        raise BadSetting(f"mail_from: {given} is no mail address; write it as NAME <address>")
    return sender_name, sender


def _host_of(name: str) -> str:
    """Return the host of a server's name, in a form in which it may stand in a mail address."""
    host = name if name.startswith("[") else name.partition(":")[0]
    return "localhost" if host.startswith("[") else host


def _password(values: dict[str, Any]) -> str:
    if not values["mail_user"]:
        return ""
    if values["mail_security"] == "none" and not _is_loopback(values["mail_server"]):
        raise BadSetting("mail_user: the password would travel readable by anybody; set mail_security")
    password = values["mail_password"] or first_line(values, "mail_password_file")
    if not password:
        raise BadSetting("mail_user: it needs mail_password or mail_password_file as well")
    return str(password)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _authorities(path: str) -> str:
    if path and not Path(path).is_file():
        raise BadSetting(f"mail_authorities: there is no file {path}")
    return path
