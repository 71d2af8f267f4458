"""Bugs on purpose: each breaks one promise of sync, and the stories must notice it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
import pytest
from hypothesis.errors import Flaky

from tests.parity.test_parity import Found, tell_stories
from tests.stage.world import World
from veche.api.matrix import sync as endpoint
from veche.commands.context import Context
from veche.commands.encryption.to_device import delete_delivered
from veche.domain.account_data import Filter
from veche.domain.facts import Entry
from veche.domain.ids import Position, RoomId, UserId
from veche.domain.sessions import Asker
from veche.domain.visibility import Range
from veche.queries.context import ReadContext
from veche.queries.sync import account_data, device_lists, general, initial, news, quick, receipts, to_device
from veche.queries.sync import rooms as sync_rooms
from veche.queries.sync.counting import Count
from veche.queries.sync.initial import Chunk, RoomInfo
from veche.queries.sync.rooms import RoomQuestion
from veche.queries.sync.state import MembersTold, StateWish
from veche.queries.sync.timeline import Stretch, stretch
from veche.queries.timeline.sight import Sight
from veche.storage.reader import Snapshot

Plant = Callable[[pytest.MonkeyPatch], None]


def token_past_the_inbox(patch: pytest.MonkeyPatch) -> None:
    """The token says that all messages to the device were handed out, though the answer was cut."""
    inbox = to_device.inbox
    patch.setattr(to_device, "inbox", lambda at, asker, since: (inbox(at, asker, since)[0], at.position))


def state_on_the_wrong_side(patch: pytest.MonkeyPatch) -> None:
    """The state is told as of the token, as if no gap lay between it and the timeline."""

    def wrong(rows: Any, sight: Sight, filter: Filter, since: Position, *rest: Any) -> Stretch:
        return msgspec.structs.replace(stretch(rows, sight, filter, since, *rest), start=since)

    patch.setattr(sync_rooms, "stretch", wrong)


def gap_not_announced(patch: pytest.MonkeyPatch) -> None:
    """A cut timeline says that it is whole."""
    patch.setattr(sync_rooms, "stretch", lambda *given: msgspec.structs.replace(stretch(*given), limited=False))


def own_message_leaves_the_count(patch: pytest.MonkeyPatch) -> None:
    """Sending does not move one's own read mark in the counts kept in memory."""

    def follow(self: Count, user: UserId, entry: Entry) -> None:
        self.position = entry.position
        self.notify += entry.fact.body.notify
        self.highlight += entry.fact.body.highlight

    patch.setattr(Count, "follow", follow)


def everybody_is_known(patch: pytest.MonkeyPatch) -> None:
    """The quick path takes for granted that a lazy client knows all who write."""
    patch.setattr(quick, "_knows_writers", lambda *given: True)


def lost_answers_believed(patch: pytest.MonkeyPatch) -> None:
    """A member who was told once is never told again, though the answer may not have arrived."""
    known_from_now = sync_rooms._known_from_now  # noqa: SLF001

    def believing(at: Snapshot, question: RoomQuestion, room: RoomId, *rest: Any) -> MembersTold:
        return question.known.get(room, {}) | known_from_now(at, question, room, *rest)

    patch.setattr(sync_rooms, "_known_from_now", believing)
    patch.setattr(StateWish, "lacks", lambda self, member: self.since is None or member not in self.known)


def undelivered_messages_deleted(patch: pytest.MonkeyPatch) -> None:
    """A request is taken to confirm everything that waits for its device."""

    def hasty(ctx: Context, asker: Asker, inbox: Position) -> Coroutine[Any, Any, None]:
        return delete_delivered(ctx, asker, ctx.live.notifier.head)

    patch.setattr(endpoint, "delete_delivered", hasty)


def receipts_only_since_the_token(patch: pytest.MonkeyPatch) -> None:
    """Who joins a room is not told how far others had read before."""
    of_rooms = receipts.of_rooms

    def late(at: Snapshot, asker: Asker, rooms: list[RoomId], since: Position | None, *rest: Any) -> Any:
        return of_rooms(at, asker, rooms, since or at.position, *rest)

    patch.setattr(receipts, "of_rooms", late)


def endings_untold(patch: pytest.MonkeyPatch) -> None:
    """Nobody is told that they are no longer in a room."""
    patch.setattr(sync_rooms, "_newly_left", lambda at, question: [])


def data_wakes_no_room(patch: pytest.MonkeyPatch) -> None:
    """Account data of a room is told only when something else happens there."""
    patch.setattr(account_data, "touched", lambda at, asker, since: set())


def ignored_people_heard(patch: pytest.MonkeyPatch) -> None:
    """Ignored people are told all the same."""
    patch.setattr(general, "ignored_by", lambda at, user: frozenset())


def partings_untold(patch: pytest.MonkeyPatch) -> None:
    """Nobody is told whose keys no longer matter."""
    patch.setattr(device_lists, "_lost", lambda *given: set())


def all_history_shown(patch: pytest.MonkeyPatch) -> None:
    """Members see everything that ever was."""
    patch.setattr(Sight, "ranges_within", lambda self, after, until: [Range(Position(after + 1), until)])


def endings_not_in_the_stream(patch: pytest.MonkeyPatch) -> None:
    """The older stream of events knows joined rooms only."""
    views = news._views  # noqa: SLF001
    patch.setattr(news, "_views", lambda *given: [view for view in views(*given) if view.own is None])


def stream_goes_on_too_far(patch: pytest.MonkeyPatch) -> None:
    """Where the older stream is cut, its token says that all was told."""
    read = news._read  # noqa: SLF001

    def hasty(ctx: ReadContext, asker: Asker, room: RoomId | None, since: Position, at: Snapshot) -> Any:
        found, _ = read(ctx, asker, room, since, at)
        return msgspec.structs.replace(found, end=str(at.position)), at.position

    patch.setattr(news, "MOST_AT_ONCE", 3)
    patch.setattr(news, "_read", hasty)


def newest_event_not_in_the_initial_sync(patch: pytest.MonkeyPatch) -> None:
    """Asked for everything at once, the server leaves out what was said last."""
    patch.setattr(initial, "Chunk", lambda end, events, start: Chunk(end, events[:-1], start))


def rooms_missing_in_the_initial_sync(patch: pytest.MonkeyPatch) -> None:
    """Asked for everything at once, the server leaves out a room."""
    rooms = initial._rooms  # noqa: SLF001 – a planted bug wraps what it breaks
    patch.setattr(initial, "_rooms", lambda *given: rooms(*given)[1:])


def left_rooms_cut_in_the_initial_sync(patch: pytest.MonkeyPatch) -> None:
    """Of a room that was left the initial sync tells only how it ended."""
    room = initial._room  # noqa: SLF001 – as above

    def cut(*given: Any) -> RoomInfo:
        told = room(*given)
        if told.membership == "join" or told.messages is None:
            return told
        return msgspec.structs.replace(told, messages=Chunk(told.messages.end, told.messages.chunk[-1:]))

    patch.setattr(initial, "_room", cut)


PLANTS: tuple[Plant, ...] = (
    token_past_the_inbox,
    state_on_the_wrong_side,
    gap_not_announced,
    own_message_leaves_the_count,
    everybody_is_known,
    lost_answers_believed,
    undelivered_messages_deleted,
    receipts_only_since_the_token,
    endings_untold,
    data_wakes_no_room,
    ignored_people_heard,
    partings_untold,
    all_history_shown,
    endings_not_in_the_stream,
    stream_goes_on_too_far,
    newest_event_not_in_the_initial_sync,
    rooms_missing_in_the_initial_sync,
    left_rooms_cut_in_the_initial_sync,
)


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_bug_is_found(
    world: World, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch, plant: Plant
) -> None:
    plant(monkeypatch)
    # What is deleted too early is deleted beside the answers: the same story may go well at first, and then not.
    with pytest.raises((Found, Flaky)):
        tell_stories(world, runner, is_planted=True)
