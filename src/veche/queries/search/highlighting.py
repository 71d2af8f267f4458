"""Highlighting: which words of the results fit the term, as they are written there, so that a client can mark them."""

from veche.domain.search import Term, found_as_edited, words_in
from veche.domain.timeline import Event
from veche.storage import timeline
from veche.storage.rows import Rows
from veche.storage.search import clauses_of, forms_of

_MOST = 100
MOST_WORDS_READ = 10_000
"""Of all results of a page: what stands far behind in long texts is found, but not marked."""


def highlights(at: Rows, term: Term, events: list[Event]) -> list[str]:
    """Return the words to mark: the typed ones first, then their other forms in the order of the results."""
    clauses = clauses_of(term)
    tokens = {token for clause in clauses for token in (*clause.tokens, *clause.phrase)}
    prefixes = tuple(clause.prefix for clause in clauses if clause.prefix)
    found = dict.fromkeys(word.casefold() for word in term.words)
    for word in _words([text_of(event, edit) for event, edit in timeline.as_edited(at, events, at.position)]):
        forms = forms_of(word)
        if forms.word.startswith(prefixes) or not tokens.isdisjoint((forms.word, *forms.stems)):
            found.setdefault(word.casefold())
    return list(found)[:_MOST]


def text_of(event: Event, edit: Event | None) -> str:
    """Return the text under which an event is found; empty where it has none, or none any more."""
    found = found_as_edited(event, edit)
    return found.text if found is not None else ""


def _words(texts: list[str]) -> dict[str, None]:
    """Return the different words of the texts in their order, as far as they are read."""
    words: dict[str, None] = {}
    left = MOST_WORDS_READ
    for text in texts:
        some = words_in(text)[:left] if left else []
        words.update(dict.fromkeys(some))
        left -= len(some)
    return words
