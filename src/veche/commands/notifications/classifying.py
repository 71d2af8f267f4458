"""Which class a member has in a room: it follows from their push rules, their ignore list and their membership."""

from collections.abc import Callable
from functools import partial

from veche.commands.context import Context
from veche.domain.facts import Fact
from veche.domain.ids import RoomId, UserId
from veche.domain.notifications import Changes, MemberClass, Ruleset, member_class, ruleset_from
from veche.storage import account_data, notifications, receipts
from veche.storage.notifications import ClassIn
from veche.storage.writer import Transaction

ROOMS_AT_ONCE = 250
_FIRST = RoomId("")


async def classify_rooms(ctx: Context, user: UserId, change: Callable[[Transaction], bool]) -> None:
    """Run a change of somebody's rules or ignore list and let the classes of all their rooms follow.

    ``change`` says whether it changed anything. The first rooms follow in its own transaction, the others, where
    there are very many, in slices behind it.
    """

    def work(tx: Transaction) -> RoomId | None:
        return _classify_slice(user, _FIRST, tx) if change(tx) else None

    last = await ctx.writer.run(work)
    while last is not None:
        last = await ctx.writer.run(partial(_classify_slice, user, last))


def classify(tx: Transaction, user: UserId, room: RoomId) -> None:
    """Give somebody who joins a room their class there. Costs two readings for those without rules of their own."""
    ruleset, ignores = _rules(tx, user)
    kind: MemberClass = "all" if ruleset is None and not ignores else _class(user, ruleset, room, ignores)
    notifications.set_class(tx, user, room, kind)


def _classify_slice(user: UserId, after: RoomId, tx: Transaction) -> RoomId | None:
    """Let some rooms follow; return the last of them if more wait."""
    found = notifications.classes_of(tx, user, after, ROOMS_AT_ONCE)
    ruleset, ignores = _rules(tx, user)
    for member in found:
        _follow(tx, user, member, _class(user, ruleset, member.room_id, ignores))
    return found[-1].room_id if len(found) == ROOMS_AT_ONCE else None


def _follow(tx: Transaction, user: UserId, before: ClassIn, kind: MemberClass) -> None:
    """Under rules of one's own the counts may change even where the class does not."""
    if kind == before.kind and kind != "own rules":
        return
    notifications.set_class(tx, user, before.room_id, kind)
    position = tx.record(Fact("read_mark", room=before.room_id, user=user))
    receipts.touch_mark(tx, user, before.room_id, position)


def _rules(tx: Transaction, user: UserId) -> tuple[Ruleset | None, bool]:
    """Return somebody's rules, None for the default ones, and whether they ignore anybody."""
    changes, _ = notifications.find_changes(tx, user)
    ruleset = None if changes == Changes() else ruleset_from(user, changes)
    return ruleset, bool(account_data.ignored_by(tx, user))


def _class(user: UserId, ruleset: Ruleset | None, room: RoomId, ignores: bool) -> MemberClass:
    return member_class(ruleset or ruleset_from(user, Changes()), room, ignores)
