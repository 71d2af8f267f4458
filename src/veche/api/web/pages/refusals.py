"""Refusals as pages: what somebody is shown where the door refuses before a page's own endpoint could say anything."""

from typing import Final
from urllib.parse import parse_qs

import msgspec

from veche.api.http.contract import Reply, RequestFacts
from veche.api.http.requests import chosen_language
from veche.api.web.pages import reply_with, said_page
from veche.domain.refusals import Refusal
from veche.domain.settings import Language

_MOST_FIELDS = 20


class _Texts(msgspec.Struct, frozen=True):
    """What is said, as title and text, to those who are too fast, when the server is at fault, and of all else."""

    too_fast: tuple[str, str]
    at_fault: tuple[str, str]
    wrong: tuple[str, str]
    again: str


TEXTS: Final[dict[Language, _Texts]] = {
    "ru": _Texts(
        too_fast=("Минутку", "С вашего адреса пришло слишком много запросов. Подождите немного и попробуйте снова."),
        at_fault=("Не получилось", "Сервер сейчас не может этого сделать. Попробуйте ещё раз чуть позже."),
        wrong=("Не получилось", "Здесь этого сделать нельзя. Если вы перешли по ссылке, спросите того, кто её дал."),
        again="Попробовать снова",
    ),
    "fr": _Texts(
        too_fast=("Un instant", "Trop de demandes sont venues de votre adresse. Patientez un peu, puis réessayez."),
        at_fault=("Cela n’a pas fonctionné", "Le serveur ne peut pas le faire maintenant. Réessayez dans un instant."),
        wrong=(
            "Cela n’a pas fonctionné",
            "Ce n’est pas possible ici. Si vous avez suivi un lien, adressez-vous à la personne qui vous l’a donné.",
        ),
        again="Réessayer",
    ),
    "en": _Texts(
        too_fast=("One moment", "Too many requests came from your address. Please wait a little, then try again."),
        at_fault=("That did not work", "The server cannot do this now. Please try again in a moment."),
        wrong=("That did not work", "This cannot be done here. If you followed a link, ask whoever gave it to you."),
        again="Try again",
    ),
}


def refusal_page(refusal: Refusal, facts: RequestFacts, query: bytes) -> Reply:
    """Return a refusal as a page in the caller's language; trying again is offered where that may help."""
    language = chosen_language(_asked(query), facts.header(b"accept-language"))
    texts = TEXTS[language]
    title, text = texts.wrong
    if refusal.status == 429:
        title, text = texts.too_fast
    elif refusal.status >= 500:
        title, text = texts.at_fault
    way = f'\n<p><a class="button" href="?lang={language}">{texts.again}</a></p>' if refusal.status >= 429 else ""
    return reply_with(said_page(language, title, text, way), refusal.status)


def _asked(query: bytes) -> str | None:
    """Return the language that the address names."""
    try:
        found = parse_qs(query.decode("latin-1"), max_num_fields=_MOST_FIELDS).get("lang")
    except ValueError:
        return None
    return found[-1] if found else None
