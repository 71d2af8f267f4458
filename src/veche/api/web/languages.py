"""Which language a page speaks: the one asked for by ``?lang=``, else the first the browser prefers that we have."""

from typing import Final, Literal

Language = Literal["ru", "fr", "en"]
LANGUAGES: Final[dict[Language, str]] = {"ru": "Русский", "fr": "Français", "en": "English"}
"""Every language's own name, in the order in which they are offered."""
_FALLBACK: Final = "en"
_MOST_PREFERENCES = 20


def chosen_language(asked: str | None, accepted: str | None, otherwise: Language = _FALLBACK) -> Language:
    """Return the language of a page; ``accepted`` is the header Accept-Language (RFC 9110, section 12.5.4).

    ``otherwise`` is for those who name none that we have.
    """
    for language in LANGUAGES:
        if asked == language:
            return language
    preferences = map(_preference, (accepted or "").split(",")[:_MOST_PREFERENCES])
    for _, wanted in sorted((each for each in preferences if 0 < each[0] <= 1), key=lambda each: -each[0]):
        for language in LANGUAGES:
            if wanted == language:
                return language
    return otherwise


def _preference(part: str) -> tuple[float, str]:
    """Read ``fr-CA;q=0.8`` as (0.8, "fr"). What cannot be read counts for nothing."""
    tag, _, weight = part.partition(";")
    try:
        share = float(weight.strip().removeprefix("q=")) if weight else 1.0
    except ValueError:
        share = 0.0
    return share, tag.strip().lower().partition("-")[0]
