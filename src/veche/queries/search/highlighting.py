"""Highlighting: which words of the results fit the term, as they are written there, so that a client can mark them."""

from veche.domain.ids import EventId
from veche.domain.search import Term, edited_text, found_in, words_in
from veche.domain.timeline import Event, content_of
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
    for word in _words(_texts(at, events)):
        forms = forms_of(word)
        if forms.word.startswith(prefixes) or not tokens.isdisjoint((forms.word, *forms.stems)):
            found.setdefault(word.casefold())
    return list(found)[:_MOST]


def text_of(event: Event, *, is_edit: bool) -> str:
    """Return the text that an event has, or that it gives to another as an edit; empty where it has none."""
    if is_edit:
        return edited_text(content_of(event))
    found = found_in(event.type, event.state_key, content_of(event))
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


def _texts(at: Rows, events: list[Event]) -> list[str]:
    """Return the texts under which the events were found: an edited one's is its newest edit's."""
    newest: dict[EventId, EventId] = {}
    for child in timeline.children(at, [event.event_id for event in events], ("m.replace",), at.position):
        newest[child.parent] = child.event_id
    edits = timeline.find_all(at, sorted(newest.values()))
    return [_text(event, edits.get(newest.get(event.event_id, EventId("")))) for event in events]


def _text(event: Event, edit: Event | None) -> str:
    return text_of(event, is_edit=False) if edit is None else text_of(edit, is_edit=True)
