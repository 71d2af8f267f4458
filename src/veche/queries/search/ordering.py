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
    for position, text in _texts(at, found).items():
        words = tuple(map(fold, words_in(text)))
        if set(typed).issubset(words):
            exact.add(position)
            if any(words[place : place + len(typed)] == typed for place in range(len(words))):
                adjacent.add(position)
    return exact, adjacent


def _texts(at: Rows, found: list[Match]) -> dict[int, str]:
    """Return the texts of the matches by position, as far as the events are still there."""
    wanted = {position for match in found for position in (match.position, match.source)}
    events = {event.position: event for event in timeline.at_positions(at, sorted(wanted))}
    return {
        match.position: text_of(
            events[match.position], events.get(match.source) if match.source != match.position else None
        )
        for match in found
        if match.position in events
    }


def _key(candidate: Candidate) -> Key:
    return candidate.key
