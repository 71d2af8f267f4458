"""What all pages have in common: the frame with the name and the languages, the look, and strict headers.

Hardly a script, nothing from elsewhere, nothing kept by the browser; what stands in a page is its subject's affair.
"""

import base64
import hashlib
from collections.abc import Iterator
from html import escape
from pathlib import Path
from string import Template
from typing import Final

import msgspec

from veche.api.http.contract import Reply
from veche.domain.settings import LANGUAGES, Language

NAMES: Final[dict[Language, str]] = {"ru": "Русский", "fr": "Français", "en": "English"}
"""What each language calls itself."""
_HERE = Path(__file__).parent
_FRAME = Template((_HERE / "frame.html").read_text(encoding="utf-8"))
_STYLE = (_HERE / "style.css").read_text(encoding="utf-8")


class Page(msgspec.Struct, frozen=True):
    """A page: ``main`` and ``foot`` are HTML, the title is plain text.

    ``can_switch`` offers the other languages, by asking for the same address again with ``?lang=``.
    """

    language: Language
    title: str
    main: str
    foot: str = ""
    can_switch: bool = True


def said_page(language: Language, title: str, text: str, more: str = "", *, can_switch: bool = True) -> Page:
    """Return a page that says one thing; ``text`` and what may follow it are HTML."""
    return Page(language, title, f'<h1>{title}</h1>\n<p class="lead">{text}</p>{more}', can_switch=can_switch)


def reply_with(page: Page, status: int = 200, *, script: str = "") -> Reply:
    """Return the reply that shows a page. Forms in it can be sent to this server only.

    No script runs in it but ``script``, which stands in ``main`` as it is; only what the specification asks for is one.
    """
    switch = "".join(_switch(page.language)) if page.can_switch else ""
    parts = {"title": escape(page.title), "main": page.main, "foot": page.foot}
    body = _FRAME.substitute(parts, language=page.language, style=_STYLE, switch=switch)
    return Reply(body.encode(), status, b"text/html; charset=utf-8", _headers(page.language, script))


def _switch(current: Language) -> Iterator[str]:
    for language in LANGUAGES:
        mark = ' aria-current="true"' if language == current else ""
        yield f'<a href="?lang={language}" lang="{language}" hreflang="{language}"{mark}>{NAMES[language]}</a>'


def _headers(language: Language, script: str) -> tuple[tuple[bytes, bytes], ...]:
    policy = f"{_POLICY}; script-src {_hash_of(script)}" if script else _POLICY
    return (
        (b"content-security-policy", policy.encode()),
        (b"content-language", language.encode()),
        (b"vary", b"Accept-Language"),
        (b"cache-control", b"no-store"),
        (b"referrer-policy", b"no-referrer"),
        (b"x-content-type-options", b"nosniff"),
    )


def _hash_of(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


_POLICY = (
    f"default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; style-src {_hash_of(_STYLE)}"
)
