"""The page of a short link: a form to sign in for one download. What was typed is escaped here; nothing is decided."""

from html import escape

from veche.api.web.media.texts import TEXTS, Trouble
from veche.api.web.pages import Page
from veche.domain.settings import Language

_NAME = 'type="text" maxlength="255" autocomplete="username" autocapitalize="none" spellcheck="false" required'
_PASSWORD = 'type="password" maxlength="1000" autocomplete="current-password" required'


def link_page(language: Language, trouble: Trouble | None = None, name: str = "") -> Page:
    """Return the page in a language; ``trouble`` says what went wrong with the form, ``name`` what stood in it."""
    texts = TEXTS[language]
    given = f'{_NAME} value="{escape(name)}"'
    notice = f'<p class="notice" role="alert">{getattr(texts, trouble)}</p>\n' if trouble else ""
    main = (
        f'<h1>{texts.title}</h1>\n<p class="lead">{texts.lead}</p>\n'
        f'<form class="card" method="post" action="?lang={language}">\n{notice}'
        f"{_field('name', texts.name, given)}{_field('password', texts.password, _PASSWORD)}"
        f"<button>{texts.button}</button>\n</form>"
    )
    return Page(language, texts.title, main, texts.foot)


def _field(name: str, label: str, attributes: str) -> str:
    field = f'<input id="{name}" name="{name}" {attributes}>'
    return f'<div class="field"><label for="{name}">{label}</label>\n{field}</div>\n'
