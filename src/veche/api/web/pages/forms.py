"""Pages and forms as browsers ask for and send them: links with a token, the fields of a form, the language."""

from typing import Protocol
from urllib.parse import parse_qsl

import msgspec

from veche.api.http.contract import Door, RequestFacts
from veche.api.http.requests import chosen_language
from veche.domain.settings import Language

_MOST_FIELDS = 20


class LinkPage(msgspec.Struct, frozen=True):
    """``GET`` of a link with a token in it."""

    token: str
    request: RequestFacts
    lang: str | None = None


class LinkForm(msgspec.Struct, frozen=True):
    """``POST`` to such a link: the form behind it, or what a program sends for it."""

    token: str
    request: RequestFacts
    body: bytes
    lang: str | None = None


class Asked(Protocol):
    """The request of any page; ``lang`` is the language that its address names."""

    @property
    def request(self) -> RequestFacts:
        """The bare request."""

    @property
    def lang(self) -> str | None:
        """What stands in its address."""


def page_language(door: Door, asked: Asked) -> Language:
    """Return the language of a page; those who name none that we have get the one that the settings say."""
    return chosen_language(asked.lang, asked.request.header(b"accept-language"), door.queries.limits.mail_language)


def fields_of(body: bytes, names: tuple[str, ...]) -> dict[str, str]:
    """Return the named fields of a form; those that were not sent, or cannot be read, are empty."""
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        pairs = []
    sent = {name: text for name, text in pairs if "\x00" not in text}
    return {name: sent.get(name, "") for name in names}
