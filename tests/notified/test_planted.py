"""Bugs on purpose: each breaks one promise of notifications, and the stories must notice it."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs

from tests.notified.rules import MASTER
from tests.notified.story import Disagrees
from tests.notified.test_notified import tell_stories
from tests.stage.gateways import ALLOWED
from tests.stage.world import World
from veche.commands.notifications import classifying, counting
from veche.commands.timeline import appending
from veche.domain.ids import Position
from veche.domain.notifications import Ruleset, Totals, counted, evaluate, member_class
from veche.domain.power_levels import power_levels
from veche.queries.notifications import judging, pushes
from veche.queries.notifications.judging import JudgeInRoom
from veche.queries.notifications.marks import Marks
from veche.queries.sync import unread
from veche.storage import account_data, rooms
from veche.storage import notifications as stored
from veche.storage.notifications import walking
from veche.workers.notifications import noticing

pytestmark = pytest.mark.settings(push_gateways=ALLOWED)


def the_unsaid_still_counts(patch: pytest.MonkeyPatch) -> None:
    """A redaction leaves the totals as they were."""
    patch.setattr(stored, "uncount", lambda tx, event: None)


def the_unsaid_is_remembered(patch: pytest.MonkeyPatch) -> None:
    """Counts that were evaluated go on from before a redaction."""
    patch.setattr(stored, "has_redactions", lambda rows, room, after: False)


def ignored_people_notify(patch: pytest.MonkeyPatch) -> None:
    """Rules are asked for everybody's events."""
    patch.setattr(account_data, "ignored_by", lambda rows, user: frozenset())


def names_of_today(patch: pytest.MonkeyPatch) -> None:
    """Events are searched for the name that somebody bears now."""
    patch.setattr(JudgeInRoom, "_name_before", lambda self, position: self._names[-1][1])


def sizes_of_today(patch: pytest.MonkeyPatch) -> None:
    """A room is as large as it is now."""
    patch.setattr(JudgeInRoom, "_size_before", lambda self, position: self._members)


def power_of_today(patch: pytest.MonkeyPatch) -> None:
    """Who may call the whole room is asked of the power levels of now."""
    patch.setattr(
        JudgeInRoom, "_levels_before", lambda self, position: power_levels(rooms.current_state(self._rows, self.room))
    )


def state_names_nobody(patch: pytest.MonkeyPatch) -> None:
    """Only messages are counted for those they name."""
    count_named = counting.count_named

    def only_messages(tx: Any, event: Any, content: Any, base: Any) -> None:
        if event.state_key is None:
            count_named(tx, event, content, base)

    patch.setattr(appending, "count_named", only_messages)


def nobody_is_named(patch: pytest.MonkeyPatch) -> None:
    """Being named brings nothing of one's own."""
    patch.setattr(stored, "add_own_count", lambda tx, user, event, extra: None)


def threads_are_read_with_the_room(patch: pytest.MonkeyPatch) -> None:
    """The list takes any mark of a room for one of all its threads."""

    def is_read(self: Marks, event: Any) -> bool:
        room = self._rooms.get(event.room_id) or self._read(event.room_id)
        return room.since is not None and event.position <= max([room.since, *room.marks.values()])

    patch.setattr(Marks, "is_read", is_read)


def invitations_are_not_listed(patch: pytest.MonkeyPatch) -> None:
    """Only what is said in rooms is listed."""
    patch.setattr(walking, "_invitations", lambda rows, user: [])


def who_comes_is_not_followed(patch: pytest.MonkeyPatch) -> None:
    """The push worker keeps the rooms it began with."""
    patch.setattr(noticing, "_follow_membership", lambda deliveries, event: None)


def reading_is_not_noticed(patch: pytest.MonkeyPatch) -> None:
    """The number on the icon stays until something new comes."""
    notice = noticing._notice  # noqa: SLF001

    async def deaf(deliveries: Any, entry: Any) -> None:
        if entry.fact.kind == "event":
            await notice(deliveries, entry)

    patch.setattr(noticing, "_notice", deaf)


def the_number_leaves_threads_out(patch: pytest.MonkeyPatch) -> None:
    """The number on the icon counts main timelines only."""

    def main_only(at: Any, user: Any, known: Any) -> dict[Any, int]:
        found = unread.of_rooms(at, user, list(rooms.joined_since(at, user)), threads=True, known=known)
        return {room: count.notify for room, count in found.items()}

    patch.setattr(pushes, "unread_by_room", main_only)


def the_read_is_pushed(patch: pytest.MonkeyPatch) -> None:
    """Gateways are told of what was read in the meantime."""
    patch.setattr(pushes, "Marks", lambda rows, user: _NothingRead())


class _NothingRead:
    def is_read(self, event: Any) -> bool:
        return False


def classes_are_not_followed(patch: pytest.MonkeyPatch) -> None:
    """Whoever changes their rules keeps being counted as before."""
    patch.setattr(stored, "set_class", lambda tx, user, room, kind: None)


def a_class_too_simple(patch: pytest.MonkeyPatch) -> None:
    """Rules of one's own are taken for the default ones."""
    patch.setattr(
        unread,
        "counted",
        lambda kind, total, own: counted("all" if kind == "own rules" else kind, total, own) or Totals(),
    )


def the_master_rule_is_not_asked(patch: pytest.MonkeyPatch) -> None:
    """Whoever wants to hear nothing is pushed and shown what the other rules say."""
    patch.setattr(judging, "evaluate", lambda rules, *facts: evaluate(_without_master(rules), *facts))


def the_master_rule_is_not_counted_by(patch: pytest.MonkeyPatch) -> None:
    """Whoever wants to hear nothing is counted as the other rules say."""
    patch.setattr(classifying, "member_class", lambda rules, *rest: member_class(_without_master(rules), *rest))


def _without_master(rules: Ruleset) -> Ruleset:
    return structs.replace(rules, override=tuple(rule for rule in rules.override if rule.rule_id != MASTER))


def pages_overlap(patch: pytest.MonkeyPatch) -> None:
    """A page of the list begins with the last of the one before."""
    newest_first = walking.newest_first
    patch.setattr(walking, "newest_first", lambda rows, user, before: newest_first(rows, user, Position(before + 1)))


PLANTS: tuple[Callable[[pytest.MonkeyPatch], None], ...] = (
    the_unsaid_still_counts,
    the_unsaid_is_remembered,
    ignored_people_notify,
    names_of_today,
    sizes_of_today,
    power_of_today,
    state_names_nobody,
    nobody_is_named,
    threads_are_read_with_the_room,
    invitations_are_not_listed,
    who_comes_is_not_followed,
    reading_is_not_noticed,
    the_number_leaves_threads_out,
    the_read_is_pushed,
    classes_are_not_followed,
    a_class_too_simple,
    the_master_rule_is_not_asked,
    the_master_rule_is_not_counted_by,
    pages_overlap,
)


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize("plant", PLANTS)
async def test_a_planted_bug_is_found(
    world: World, monkeypatch: pytest.MonkeyPatch, plant: Callable[[pytest.MonkeyPatch], None]
) -> None:
    plant(monkeypatch)
    with pytest.raises(Disagrees):
        await tell_stories(world)
