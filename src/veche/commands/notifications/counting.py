"""Counting an event for those it names, inside the transaction that appends it: O(words and names), never O(members).

What it is worth to everybody else stands in the running totals already.
"""

from collections.abc import Iterable

from veche.domain.events import Content
from veche.domain.facts import Fact
from veche.domain.ids import UserId, is_user_id
from veche.domain.notifications import EventFacts, MemberFacts, Totals, candidate_words, named_in, own_row
from veche.domain.timeline import Event
from veche.storage import notifications, rooms
from veche.storage.rows import Rows
from veche.storage.writer import Transaction


def count_named(tx: Transaction, event: Event, content: Content, base: Totals) -> None:
    """Write rows for the joined members that ``event`` names; ``base`` is what it added to its timeline.

    People are named by ``m.mentions`` or, where that is absent, by the words of the body, which take one look into
    the room's name index.
    """
    facts = EventFacts(event.type, content, event.sender, event.room_id, event.state_key)
    named = named_in(facts)
    if named is not None and not named:
        return
    for user, name in _candidates(tx, facts, named):
        extra = own_row(facts, base, MemberFacts(user, name))
        if extra is not None:
            notifications.add_own_count(tx, user, event, extra)
            tx.record(Fact("read_mark", room=event.room_id, user=user))


def _candidates(rows: Rows, facts: EventFacts, named: Iterable[UserId] | None) -> list[tuple[UserId, str | None]]:
    if named is None:
        return rooms.named_by(rows, facts.room_id, candidate_words(facts.content["body"]) - {"\x00"})
    return notifications.joined_among(rows, facts.room_id, filter(is_user_id, named))
