"""The pages about letters as HTML. What somebody typed is escaped here; passwords are never shown again."""

from html import escape

import msgspec

from veche.api.web.letters.texts import TEXTS, Texts
from veche.api.web.pages import Page, said_page
from veche.api.web.sessions.showing import SECRET, fault_of, field, filled, notice_of, password_hint
from veche.api.web.sessions.texts import TEXTS as PASSWORD_TEXTS
from veche.domain.accounts.addresses import Proof
from veche.domain.accounts.passwords import PasswordPolicy
from veche.domain.refusals import Refusal
from veche.domain.settings import Language

_ADDRESS = 'type="email" maxlength="254" autocomplete="email" autocapitalize="none" spellcheck="false" required'
_CODE = 'type="text" inputmode="numeric" maxlength="20" autocomplete="one-time-code" spellcheck="false"'


class CodeForm(msgspec.Struct, frozen=True):
    """What the form for a letter's code shows: for whom, under which proof, what was typed, and what is wrong."""

    address: str
    sid: str
    client_secret: str
    code: str
    policy: PasswordPolicy
    refusal: Refusal | None = None


def ask_page(language: Language, address: str = "", refusal: Refusal | None = None) -> Page:
    """Return the form that asks for a letter."""
    texts, passwords = TEXTS[language], PASSWORD_TEXTS[language]
    fault = texts.bad_address if refusal is not None and refusal.field == "email" else None
    said = fault_of(passwords, PasswordPolicy(), refusal)[1] if refusal is not None and fault is None else ""
    typed = f'{_ADDRESS} value="{escape(address)}"'
    main = (
        f'<h1>{texts.ask_title}</h1>\n<p class="lead">{texts.ask_lead}</p>\n'
        f'<form class="card" method="post" action="?lang={language}">\n{notice_of(said)}'
        f"{field('address', texts.address, typed, texts.address_hint, fault)}<button>{texts.ask}</button>\n</form>\n"
        f'<p><a href="/reset?lang={language}">{texts.with_code}</a></p>'
    )
    return Page(language, texts.ask_title, main)


def code_page(form: CodeForm, language: Language) -> Page:
    """Return the form that takes a letter's code and the new password: the same, whoever has the address."""
    texts, said, faults = _about(language, form.policy, form.refusal)
    kept = "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">\n'
        for name, value in (("address", form.address), ("sid", form.sid), ("client_secret", form.client_secret))
    )
    code = field("code", texts.code, f'{_CODE} value="{escape(form.code)}"', texts.code_hint, faults.get("code"))
    main = (
        f"<h1>{texts.sent_title}</h1>\n"
        f'<p class="lead">{filled(texts.sent_lead, address=form.address)}</p>\n'
        f'<form class="card" method="post" action="/reset/code?lang={language}">\n{notice_of(said)}{kept}{code}'
        f"{_passwords(language, form.policy, faults)}</form>"
    )
    return Page(language, texts.sent_title, main, can_switch=False)


def choose_page(proof: Proof, policy: PasswordPolicy, language: Language, refusal: Refusal | None = None) -> Page:
    """Return the form behind the link of a letter that the page for passwords sent."""
    texts, said, faults = _about(language, policy, refusal)
    main = (
        f"<h1>{texts.choose_title}</h1>\n"
        f'<p class="lead">{filled(texts.choose_lead, address=proof.address)}</p>\n'
        f'<form class="card" method="post" action="?lang={language}">\n{notice_of(said)}'
        f"{_passwords(language, policy, faults)}</form>"
    )
    return Page(language, texts.choose_title, main, f"{_origin(proof, language)} {texts.not_you}")


def confirm_page(proof: Proof, server: str, language: Language) -> Page:
    """Return the page behind other links. Only the button confirms: whatever scans letters follows links, too."""
    texts = TEXTS[language]
    title, text = texts.confirm[proof.purpose]
    main = (
        f'<h1>{title}</h1>\n<p class="lead">{filled(text, address=proof.address, server=server)}</p>\n'
        f"<p>{_origin(proof, language)}</p>\n"
        f'<form class="card" method="post" action="?lang={language}">\n<button>{texts.yes}</button>\n</form>'
    )
    return Page(language, title, main, texts.not_you)


def confirmed_page(proof: Proof, language: Language) -> Page:
    """Return what is said once an address is proven, with the way on where its client named one on this server."""
    texts = TEXTS[language]
    way = f'\n<p><a class="button" href="{escape(proof.next_link)}">{texts.go_on}</a></p>' if proof.next_link else ""
    return said_page(language, texts.confirmed_title, texts.confirmed_text, way)


def gone_page(language: Language) -> Page:
    """Return what is said of every link that does not work, whatever the reason."""
    texts = TEXTS[language]
    return said_page(language, texts.gone_title, texts.gone_text)


def end_page(address: str, language: Language) -> Page:
    """Return the page that asks whether letters shall end."""
    texts = TEXTS[language]
    main = (
        f'<h1>{texts.end_title}</h1>\n<p class="lead">{filled(texts.end_text, address=address)}</p>\n'
        f'<form class="card" method="post" action="?lang={language}">\n<button>{texts.end}</button>\n</form>'
    )
    return Page(language, texts.end_title, main)


def ended_page(address: str, language: Language) -> Page:
    """Return what is said once letters have ended."""
    texts = TEXTS[language]
    return said_page(language, texts.ended_title, filled(texts.ended_text, address=address))


def off_page(language: Language) -> Page:
    """Return what is said where no mail is sent."""
    texts = TEXTS[language]
    return said_page(language, texts.off_title, texts.off_text)


def _about(language: Language, policy: PasswordPolicy, refusal: Refusal | None) -> tuple[Texts, str, dict[str, str]]:
    """Return the words, what is to be said above the form, and what beside its fields."""
    texts = TEXTS[language]
    if refusal is not None and refusal.field == "token":
        return texts, "", {"code": texts.bad_code}
    blamed, said = fault_of(PASSWORD_TEXTS[language], policy, refusal)
    return texts, "" if blamed else said, {blamed: said} if blamed else {}


def _passwords(language: Language, policy: PasswordPolicy, faults: dict[str, str]) -> str:
    texts = PASSWORD_TEXTS[language]
    hint = password_hint(texts, policy)
    return (
        f"{field('password', texts.password, SECRET, hint, faults.get('password'))}"
        f"{field('password_again', texts.password_again, SECRET, '', faults.get('password_again'))}"
        f"<button>{texts.submit}</button>\n"
    )


def _origin(proof: Proof, language: Language) -> str:
    return filled(TEXTS[language].asked_from, origin=proof.asked_from)
