"""The page that explains how to trust the server's own certificate authority, for plain HTTP.

It is made from facts that the caller has; nothing is read or decided here.
"""

from html import escape
from pathlib import Path
from string import Template

import msgspec

from veche.api.http.contract import Reply
from veche.api.web.pages import Page, reply_with
from veche.api.web.trust.english import ENGLISH
from veche.api.web.trust.french import FRENCH
from veche.api.web.trust.russian import RUSSIAN
from veche.api.web.trust.texts import System, Texts
from veche.domain.settings import Language

_MAIN = Template((Path(__file__).parent / "main.html").read_text(encoding="utf-8"))
_TEXTS: dict[Language, Texts] = {"ru": RUSSIAN, "fr": FRENCH, "en": ENGLISH}
_AGENTS: tuple[tuple[str, System], ...] = (
    ("Firefox", "firefox"),
    ("iPhone", "ios"),
    ("iPad", "ios"),
    ("Android", "android"),
    ("Windows", "windows"),
    ("Macintosh", "macos"),
    ("Linux", "linux"),
)
"""What the name of a browser says of the system, the most telling word first."""


class TrustFacts(msgspec.Struct, frozen=True):
    """What the page tells: the server's name and HTTPS address, this page's own, the authority's name, fingerprint and
    last year.
    """

    server_name: str
    address: str
    page: str
    authority: str
    fingerprint: str
    last_year: int


def trust_page(facts: TrustFacts, language: Language, user_agent: str) -> Reply:
    """Return the page in a language, with the steps of the caller's own system opened."""
    texts = _TEXTS[language]
    values = {name: escape(str(getattr(facts, name))) for name in facts.__struct_fields__}
    own = next((system for word, system in _AGENTS if word in user_agent), None)
    told = {name: Template(getattr(texts, name)).substitute(values) for name in texts.words()}
    systems = "".join(_system(texts, system, is_open=system == own) for system in texts.steps)
    main = _MAIN.substitute(
        values | told,
        systems=Template(systems).substitute(values),
        fingerprint_lines=_fingerprint(facts.fingerprint),
    )
    title = Template(texts.title).substitute(server_name=facts.server_name)
    return reply_with(Page(language, title, main, told["foot"]))


def _system(texts: Texts, system: System, *, is_open: bool) -> str:
    name, steps = texts.steps[system]
    opened = " open" if is_open else ""
    listed = "".join(f"<li>{step}</li>" for step in steps)
    mark = f'<span class="mine">{texts.mine}</span>' if is_open else ""
    return f'<details name="system"{opened}><summary>{name}{mark}</summary><ol>{listed}</ol></details>'


def _fingerprint(fingerprint: str) -> str:
    """Split a fingerprint into groups of four bytes, so that two people can compare them over the telephone."""
    pairs = fingerprint.split(":")
    groups = (":".join(pairs[at : at + 4]) for at in range(0, len(pairs), 4))
    return "".join(f"<span>{group}</span>" for group in groups)
