"""Ordering the matches of one window: what fits better comes first, or what is newer."""

import msgspec

from veche.domain.search import Key, Term, fold, score_of, words_in
from veche.queries.search.highlighting import text_of
from veche.storage import timeline
from veche.storage.rows import Rows
from veche.storage.search import Match, SearchIndex, Wanted, adjacent_clauses, exact_clauses

FEW = 300
MOST_WORDS_READ = 20_000
"""So few texts, with so few words in all, are looked at themselves when there are several words to look for: the index
would read through each of the words' lists twice more. More texts than that, or long ones, are better left to it.
"""


class Candidate(msgspec.Struct, frozen=True):
    """A match with its place in the order of its window."""

    match: Match
    score: int
    key: Key


def ordered(
    at: Rows, index: SearchIndex, wanted: Wanted, term: Term, found: list[Match], *, newest_first: bool
) -> list[Candidate]:
    """Return the matches, which come newest first, in their order."""
    exact, adjacent = _better(at, index, wanted, term, found)
    candidates = []
    for match in found:
        position = match.position
        score = score_of(is_exact=position in exact, is_adjacent=position in adjacent, length=match.length)
        candidates.append(Candidate(match, score, (0 if newest_first else score, position)))
    return sorted(candidates, key=_key, reverse=True)


def _better(at: Rows, index: SearchIndex, wanted: Wanted, term: Term, found: list[Match]) -> tuple[set[int], set[int]]:
    """Return where the words stand as they were typed, and where side by side."""
    if not found or not term.words:
        return set(), set()
    if len(term.words) > 1 and len(found) <= FEW and sum(match.length for match in found) <= MOST_WORDS_READ:
        return _by_text(at, term, found)
    bounds = (found[-1].position, found[0].position)
    exact = index.positions(msgspec.structs.replace(wanted, clauses=exact_clauses(term)), *bounds)
    if len(term.words) < 2 or not exact:
        return exact, set()
    return exact, index.positions(msgspec.structs.replace(wanted, clauses=adjacent_clauses(term)), *bounds)


def _by_text(at: Rows, term: Term, found: list[Match]) -> tuple[set[int], set[int]]:
    """Look at the texts that the index knows: each is in the event itself, or in the edit that gave it."""
    typed, exact, adjacent = tuple(map(fold, term.words)), set[int](), set[int]()
    edited = {match.source: match.position for match in found if match.source != match.position}
    for event in timeline.at_positions(at, [match.source for match in found]):
        position = edited.get(event.position, event.position)
        words = tuple(map(fold, words_in(text_of(event, is_edit=event.position in edited))))
        if set(typed).issubset(words):
            exact.add(position)
            if any(words[place : place + len(typed)] == typed for place in range(len(words))):
                adjacent.add(position)
    return exact, adjacent


def _key(candidate: Candidate) -> Key:
    return candidate.key
