"""The pages behind the first link as HTML: the form, what follows it, and what is said of a link that does not work.

Everything that somebody typed or that a server is called is escaped here.
"""

from collections.abc import Mapping
from html import escape
from string import Template
from typing import Any

import msgspec

from veche.api.web.accounts.english import ENGLISH
from veche.api.web.accounts.french import FRENCH
from veche.api.web.accounts.russian import RUSSIAN
from veche.api.web.accounts.texts import Texts
from veche.api.web.pages import Page, said_page
from veche.domain.settings import Language

_TEXTS: dict[Language, Texts] = {"ru": RUSSIAN, "fr": FRENCH, "en": ENGLISH}
_FIELD = Template("""<div class="field"><label for="$name">$label</label>
<input id="$name" name="$name" $attributes>$below</div>
""")


Fault = Mapping[str, Any]
"""What is wrong with a field, as a refusal tells it; without the name of a field it concerns the whole."""


class Form(msgspec.Struct, frozen=True):
    """What the form shows: the server's name, how long a password must be, what was typed, and what is wrong."""

    server: str
    least: int
    typed: Mapping[str, str] = {}
    faults: tuple[Fault, ...] = ()


class Begun(msgspec.Struct, frozen=True):
    """What the first administrator is told: ``trust`` is the page about the certificate, empty where there is none."""

    name: str
    user: str
    address: str
    trust: str
    rooms: tuple[str, ...]


def form_page(form: Form, language: Language) -> Page:
    """Return the form, with what was typed kept (but for passwords) and what is wrong beside each field."""
    texts = _TEXTS[language]
    faults = {fault["field"]: _told(texts, fault, form.least) for fault in form.faults}
    main = f'<h1>{texts.title}</h1>\n<p class="lead">{_filled(texts.lead, server=form.server)}</p>\n'
    main += f'<form class="card" method="post" action="?lang={language}">\n'
    if "" in faults:
        main += f'<p class="notice" role="alert">{faults[""]}</p>\n'
    main += "".join(
        (
            _field("full_name", texts.full_name, _NAME, texts.full_name_hint, faults, form.typed),
            _field("username", texts.username, _USERNAME, texts.username_hint, faults, form.typed),
            _field("password", texts.password, _SECRET, _filled(texts.password_hint, least=form.least), faults),
            _field("password_again", texts.password_again, _SECRET, "", faults),
        )
    )
    main += f"<button>{texts.submit}</button>\n</form>"
    return Page(language, texts.title, main, texts.foot)


def begun_page(begun: Begun, language: Language) -> Page:
    """Return what follows: how to sign in and how to go on. There is no way back, so the language stays."""
    texts = _TEXTS[language]
    steps = [texts.done_client]
    steps += [_filled(texts.done_trust, trust=begun.trust)] if begun.trust else []
    steps += [_filled(texts.done_rooms, rooms=", ".join(begun.rooms))] if begun.rooms else []
    steps += [texts.done_people]
    main = (
        f'<h1>{texts.done_title}</h1>\n<p class="lead">{_filled(texts.done_lead, name=begun.name)}</p>\n'
        f'<dl class="card"><dt>{texts.done_user}</dt><dd>{escape(begun.user)}</dd>'
        f'<dt>{texts.done_address}</dt><dd><a href="{escape(begun.address)}">{escape(begun.address)}</a></dd></dl>\n'
        f"<h2>{texts.done_next}</h2>\n<ol>{''.join(f'<li>{step}</li>' for step in steps)}</ol>"
    )
    return Page(language, texts.done_title, main, can_switch=False)


def gone_page(language: Language) -> Page:
    """Return what is said of every link that does not work, whatever the reason."""
    texts = _TEXTS[language]
    return said_page(language, texts.gone_title, texts.gone_text, f"\n<p>{texts.gone_help}</p>")


_NAME = 'type="text" autocomplete="name" maxlength="256" required'
_USERNAME = 'type="text" autocomplete="username" maxlength="255" autocapitalize="none" spellcheck="false"'
_SECRET = 'type="password" autocomplete="new-password" maxlength="1000" required'


def _field(
    name: str, label: str, attributes: str, hint: str, faults: Mapping[str, str], typed: Mapping[str, str] | None = None
) -> str:
    """Return a field; below it stands what is wrong, else what is wanted. The cursor goes where it is needed first."""
    said, kind = faults.get(name, hint), "fault" if name in faults else "hint"
    below = f'<p class="{kind}" id="{name}-{kind}">{said}</p>' if said else ""
    if typed is not None:
        attributes += f' value="{escape(typed.get(name, ""))}"'
    if below:
        attributes += f' aria-describedby="{name}-{kind}"'
    if name in faults:
        attributes += ' aria-invalid="true"'
    if name == next(iter(faults), "full_name"):
        attributes += " autofocus"
    return _FIELD.substitute(name=name, label=label, attributes=attributes, below=below)


def _told(texts: Texts, fault: Fault, least: int) -> str:
    """Say in a language what is wrong with a field."""
    match fault["field"], fault["errcode"]:
        case "full_name", _:
            return texts.bad_full_name
        case "username", "M_MISSING_PARAM":
            return texts.no_username
        case "username", "M_USER_IN_USE":
            return texts.username_taken
        case "username", _:
            proposal = fault.get("proposal")
            return texts.bad_username + (f" {_filled(texts.proposal, proposal=proposal)}" if proposal else "")
        case "password", _:
            missing = ", ".join(texts.classes[one] for one in fault.get("org.veche.missing", ()))
            return _filled(texts.weak[fault["part"]], least=least, missing=missing)
        case "password_again", _:
            return texts.differ
        case _:
            return texts.busy


def _filled(text: str, **values: object) -> str:
    return Template(text).substitute({name: escape(str(value)) for name, value in values.items()})
