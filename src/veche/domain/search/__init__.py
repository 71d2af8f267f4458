"""Search: what of an event can be found, what words are, what a search term asks for, how results are ordered.

Pure rules; where the index lies, and what a word's stem is, is not known here.
"""

from veche.domain.search.paging import Key, Page, page_from, page_token
from veche.domain.search.ranking import rank_of, score_of
from veche.domain.search.terms import MOST_WORDS, SEARCH_IS_OFF, Term, term_from
from veche.domain.search.texts import KINDS, LONGEST_TEXT, Found, edited_text, found_as_edited, found_in
from veche.domain.search.words import fold, words_in

__all__ = [
    "KINDS",
    "LONGEST_TEXT",
    "MOST_WORDS",
    "SEARCH_IS_OFF",
    "Found",
    "Key",
    "Page",
    "Term",
    "edited_text",
    "fold",
    "found_as_edited",
    "found_in",
    "page_from",
    "page_token",
    "rank_of",
    "score_of",
    "term_from",
    "words_in",
]
