"""The page for forgotten passwords as HTML. What somebody typed is escaped here; passwords are never shown again."""

from html import escape
from string import Template

import msgspec

from veche.api.web.languages import Language
from veche.api.web.pages import Page
from veche.api.web.sessions.texts import TEXTS, Texts
from veche.domain.accounts.passwords import PasswordPolicy
from veche.domain.refusals import Refusal, bad_json

DIFFER = bad_json("The two passwords differ.", "password_again")


class Form(msgspec.Struct, frozen=True):
    """What the form shows: what was typed, what a password must be like, and what is wrong."""

    user: str
    code: str
    policy: PasswordPolicy
    refusal: Refusal | None = None


def form_page(form: Form, language: Language) -> Page:
    """Return the form; what is wrong stands above it, or below the field that is to blame."""
    texts = TEXTS[language]
    field, said = _fault(texts, form) if form.refusal is not None else ("", "")
    notice = f'<p class="notice" role="alert">{said}</p>\n' if said and not field else ""
    faults = {field: said} if field else {}
    fields = (
        _field("user", texts.user, f'{_TEXT} autocomplete="username" value="{escape(form.user)}"', texts.user_hint),
        _field(
            "code", texts.code, f'{_TEXT} autocomplete="one-time-code" value="{escape(form.code)}"', texts.code_hint
        ),
        _field("password", texts.password, _SECRET, _wanted(texts, form.policy), faults.get("password")),
        _field("password_again", texts.password_again, _SECRET, "", faults.get("password_again")),
    )
    main = (
        f'<h1>{texts.title}</h1>\n<p class="lead">{texts.lead}</p>\n'
        f'<form class="card" method="post" action="?lang={language}">\n{notice}{"".join(fields)}'
        f"<button>{texts.submit}</button>\n</form>"
    )
    return Page(language, texts.title, main, texts.foot)


def done_page(language: Language) -> Page:
    """Return what is said once the password is changed."""
    texts = TEXTS[language]
    return Page(language, texts.done_title, f'<h1>{texts.done_title}</h1>\n<p class="lead">{texts.done_text}</p>')


_TEXT = 'type="text" maxlength="255" autocapitalize="none" spellcheck="false" required'
_SECRET = 'type="password" autocomplete="new-password" maxlength="1000" required'


def _fault(texts: Texts, form: Form) -> tuple[str, str]:
    """Return which field is to blame, empty for none of them, and what is wrong."""
    assert form.refusal is not None
    match form.refusal.code, form.refusal.field:
        case "M_WEAK_PASSWORD", part:
            missing = ", ".join(texts.classes[one] for one in (form.refusal.extra or {}).get("org.veche.missing", ()))
            return "password", _filled(texts.weak[part or ""], least=form.policy.least_length, missing=missing)
        case _, "password_again":
            return "password_again", texts.differ
        case "M_FORBIDDEN", _:
            return "", texts.bad_code
        case "M_LIMIT_EXCEEDED", _:
            return "", texts.too_often
        case _:
            return "", texts.busy


def _wanted(texts: Texts, policy: PasswordPolicy) -> str:
    wanted = _filled(texts.password_hint, least=policy.least_length)
    names = ", ".join(texts.classes[one] for one in policy.classes)
    return f"{wanted} {_filled(texts.classes_hint, classes=names)}" if names else wanted


def _field(name: str, label: str, attributes: str, hint: str, fault: str | None = None) -> str:
    said, kind = fault or hint, "fault" if fault else "hint"
    marks = f' aria-describedby="{name}-{kind}"' if said else ""
    marks += ' aria-invalid="true" autofocus' if fault else ""
    below = f'<p class="{kind}" id="{name}-{kind}">{said}</p>' if said else ""
    return (
        f'<div class="field"><label for="{name}">{label}</label>\n'
        f'<input id="{name}" name="{name}" {attributes}{marks}>{below}</div>\n'
    )


def _filled(text: str, **values: object) -> str:
    return Template(text).substitute({name: escape(str(value)) for name, value in values.items()})
