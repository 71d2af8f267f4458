"""Everything that lives only in memory, in one record that ``app`` makes and hands down."""

import msgspec

from veche.live.account_data import KnownFilters
from veche.live.accounts import Digests, Letters
from veche.live.counter import Counter
from veche.live.deadlines import Deadlines
from veche.live.directory import People
from veche.live.encryption import EmptyInboxes, KeyCounts
from veche.live.fragments import Fragments
from veche.live.media import Media
from veche.live.notifications import KnownCounts, KnownPushers
from veche.live.notifier import Notifier
from veche.live.operation import Condition
from veche.live.presence import Presence
from veche.live.rates import Rates
from veche.live.sessions import KnownSessions
from veche.live.tail import Tail
from veche.live.typing import Typing


class Live(msgspec.Struct, frozen=True):
    """What lives in memory. ``boot`` names this run of the process inside sync tokens."""

    boot: str
    counter: Counter
    tail: Tail
    notifier: Notifier
    fragments: Fragments
    typing: Typing
    rates: Rates
    sessions: KnownSessions
    key_counts: KeyCounts
    inboxes: EmptyInboxes
    counts: KnownCounts
    pushers: KnownPushers
    people: People
    presence: Presence
    filters: KnownFilters
    deadlines: Deadlines
    media: Media
    condition: Condition
    letters: Letters
    digests: Digests
