"""What letters and mail servers are, and the three ways in which sending fails."""

from typing import Literal

import msgspec

from veche.domain.settings import Language

Security = Literal["starttls", "tls", "none"]


class MailServer(msgspec.Struct, frozen=True):
    """The one server that letters are given to. ``sender`` is a bare address, ``sender_name`` stands before it.

    ``helo`` is what we call ourselves. An empty ``user`` does not sign in; an empty ``authorities`` trusts what the
    system trusts, otherwise the certificates in that file. ``seconds`` bound the sending of one letter as a whole.
    """

    host: str
    port: int
    security: Security
    user: str
    password: str
    sender: str
    sender_name: str
    helo: str
    authorities: str
    seconds: int


class Letter(msgspec.Struct, frozen=True):
    """A letter to one address, as text and as HTML that says the same.

    ``number`` is the same however often this letter is sent, so that whoever receives it twice shows it once.
    ``unsubscribe`` is the page that ends such letters, empty where there is none.
    """

    address: str
    language: Language
    subject: str
    text: str
    html: str
    number: str
    written_ts: int
    unsubscribe: str = ""


class Failure(Exception):
    """A letter was not sent. The text says why, and holds neither the address nor what was written."""


class Unreachable(Failure):
    """The mail server cannot be worked with at all now: no letter can be sent."""


class PutOff(Failure):
    """The mail server does not take this letter now."""


class GivenUp(Failure):
    """The mail server will never take this letter."""
