"""The page for forgotten passwords as HTML. What somebody typed is escaped here; passwords are never shown again."""

from html import escape
from string import Template

import msgspec

from veche.api.web.pages import Page, said_page
from veche.api.web.sessions.texts import TEXTS, Texts
from veche.domain.accounts.passwords import CharacterClass, PasswordPolicy
from veche.domain.refusals import Refusal, bad_json
from veche.domain.settings import Language

DIFFER = bad_json("The two passwords differ.", "password_again")


class Form(msgspec.Struct, frozen=True):
    """What the form shows: what was typed, what a password must be like, and what is wrong."""

    user: str
    code: str
    policy: PasswordPolicy
    refusal: Refusal | None = None
    offers_mail: bool = False


def form_page(form: Form, language: Language) -> Page:
    """Return the form; what is wrong stands above it, or below the field that is to blame."""
    texts = TEXTS[language]
    blamed, said = fault_of(texts, form.policy, form.refusal)
    notice = notice_of(said if not blamed else "")
    faults = {blamed: said} if blamed else {}
    fields = (
        field("user", texts.user, f'{TEXT} autocomplete="username" value="{escape(form.user)}"', texts.user_hint),
        field("code", texts.code, f'{TEXT} autocomplete="one-time-code" value="{escape(form.code)}"', texts.code_hint),
        field("password", texts.password, SECRET, password_hint(texts, form.policy), faults.get("password")),
        field("password_again", texts.password_again, SECRET, "", faults.get("password_again")),
    )
    main = (
        f'<h1>{texts.title}</h1>\n<p class="lead">{texts.lead}</p>\n'
        f'<form class="card" method="post" action="?lang={language}">\n{notice}{"".join(fields)}'
        f"<button>{texts.submit}</button>\n</form>"
    )
    if form.offers_mail:
        main += f'\n<p><a href="/reset/mail?lang={language}">{texts.by_mail}</a></p>'
    return Page(language, texts.title, main, texts.foot)


def done_page(language: Language) -> Page:
    """Return what is said once the password is changed."""
    texts = TEXTS[language]
    return said_page(language, texts.done_title, texts.done_text)


TEXT = 'type="text" maxlength="255" autocapitalize="none" spellcheck="false" required'
SECRET = 'type="password" autocomplete="new-password" maxlength="1000" required'


def fault_of(texts: Texts, policy: PasswordPolicy, refusal: Refusal | None) -> tuple[str, str]:
    """Return which field is to blame, empty for none of them, and what is wrong with it."""
    match refusal and (refusal.code, refusal.field):
        case None:
            return "", ""
        case "M_WEAK_PASSWORD", part:
            missing = ", ".join(texts.classes[one] for one in _missing(refusal))
            return "password", filled(texts.weak[part or ""], least=policy.least_length, missing=missing)
        case _, "password_again":
            return "password_again", texts.differ
        case "M_FORBIDDEN", _:
            return "", texts.bad_code
        case "M_LIMIT_EXCEEDED", _:
            return "", texts.too_often
        case _:
            return "", texts.busy


def notice_of(said: str) -> str:
    """Return what stands above a form, where something does."""
    return f'<p class="notice" role="alert">{said}</p>\n' if said else ""


def password_hint(texts: Texts, policy: PasswordPolicy) -> str:
    """Say what a new password must be like."""
    wanted = filled(texts.password_hint, least=policy.least_length)
    names = ", ".join(texts.classes[one] for one in policy.classes)
    return f"{wanted} {filled(texts.classes_hint, classes=names)}" if names else wanted


def field(name: str, label: str, attributes: str, hint: str, fault: str | None = None) -> str:
    """Return a field of a form; below it stands what is wrong, else what is wanted."""
    said, kind = fault or hint, "fault" if fault else "hint"
    marks = f' aria-describedby="{name}-{kind}"' if said else ""
    marks += ' aria-invalid="true" autofocus' if fault else ""
    below = f'<p class="{kind}" id="{name}-{kind}">{said}</p>' if said else ""
    return (
        f'<div class="field"><label for="{name}">{label}</label>\n'
        f'<input id="{name}" name="{name}" {attributes}{marks}>{below}</div>\n'
    )


def filled(text: str, **values: object) -> str:
    """Put values into a text, escaped."""
    return Template(text).substitute({name: escape(str(value)) for name, value in values.items()})


def _missing(refusal: Refusal | None) -> list[CharacterClass]:
    return list((refusal.extra or {}).get("org.veche.missing", ())) if refusal else []
