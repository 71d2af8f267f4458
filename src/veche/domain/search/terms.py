"""Search terms: words, all of which must be there, and phrases in quotation marks."""

import re

import msgspec

from veche.domain.refusals import Refusal, invalid_param
from veche.domain.search.words import fold, words_in

LONGEST_TERM = 2_000
"""Characters."""
MOST_WORDS = 32
SEARCH_IS_OFF = Refusal("M_UNKNOWN", 400, "Searching is turned off on this server.")
_QUOTED = re.compile('["«“„]([^"«»“”„]*)["»”“]')


class Term(msgspec.Struct, frozen=True):
    """What is searched for: ``words`` as they were typed, and ``phrases`` of folded words in their order."""

    words: tuple[str, ...]
    phrases: tuple[tuple[str, ...], ...] = ()

    @property
    def is_empty(self) -> bool:
        """Say whether nothing can be found under it: there was no letter or digit in it."""
        return not self.words and not self.phrases


def term_from(text: str) -> Term | Refusal:
    """Read a search term; refuses with 400 what is longer than anybody types."""
    if len(text) > LONGEST_TERM:
        return invalid_param(f"A search term has at most {LONGEST_TERM} characters.", "search_term")
    quoted = [tuple(map(fold, words_in(phrase))) for phrase in _QUOTED.findall(text)]
    phrases = tuple(dict.fromkeys(phrase for phrase in quoted if phrase))
    words = tuple({fold(word): word for word in words_in(_QUOTED.sub(" ", text))}.values())
    if len(words) + sum(map(len, phrases)) > MOST_WORDS:
        return invalid_param(f"A search term has at most {MOST_WORDS} words.", "search_term")
    return Term(words, phrases)
