"""Upgrading a room: a replacement with the old one's state, bans and names, then a tombstone in the old one.

What is copied goes over in slices. The tombstone comes last, together with all that opens the replacement, so that
whatever interrupts this leaves the old room as it was; asking again goes on where it ended.
"""

from contextlib import suppress
from functools import partial

import msgspec

from veche.commands.context import Context
from veche.commands.rooms.creating import first_event
from veche.commands.rooms.membership import card, known, set_membership
from veche.commands.timeline.appending import append, append_unasked, encode
from veche.commands.timeline.carrying import carry_settings
from veche.domain.events import CANONICAL_ALIAS, CREATE, MEMBER, POWER_LEVELS, SPACE_CHILD, Content, Draft
from veche.domain.ids import Alias, Position, RoomId, UserId, is_alias
from veche.domain.membership import membership_of
from veche.domain.moderation import may_take_part
from veche.domain.permissions import may_send
from veche.domain.refusals import Refusal, Refused, forbidden, refuse
from veche.domain.rooms import RoomVersion, creators, may_create, room_version, version_of
from veche.domain.rooms.upgrades import (
    copied_join_rules,
    copied_levels,
    copied_state,
    first_content,
    is_space,
    levels_of_the_closed,
    levels_while_copying,
    predecessor_of,
    replacement_of,
    tombstone,
)
from veche.domain.sessions import Asker
from veche.domain.timeline import content_of
from veche.storage import directory, rooms, timeline
from veche.storage.accounts import tokens
from veche.storage.rooms import CurrentState, Room
from veche.storage.writer import Transaction

COPIED_AT_ONCE = 50
"""Bans, and rooms of a space, that go over in one transaction."""


class UpgradeWish(msgspec.Struct, frozen=True):
    """Which version a room shall have, and who besides the asker shall have created the new one."""

    version: RoomVersion
    creators: tuple[UserId, ...]


async def upgrade_room(ctx: Context, asker: Asker, room: RoomId, version: str, others: tuple[str, ...]) -> RoomId:
    """Replace a room by one of another version and return the new one's id (section Room Upgrades, server behaviour).

    Raises 400 M_UNSUPPORTED_ROOM_VERSION, or M_INVALID_PARAM for creators who are no user ids, 403 for whoever may not
    send m.room.tombstone, and for everybody once another upgrade has replaced the room. Asked again by the same person
    for the same version it gives the same room.
    """
    refuse(may_take_part(asker))
    wish = _understood(version, others)
    new, is_done = await ctx.writer.run(lambda tx: _begin(ctx, tx, asker, room, wish))
    while not is_done:
        is_done = await ctx.writer.run(partial(_go_on, ctx, asker, room, new))
    return new


def _understood(version: str, others: tuple[str, ...]) -> UpgradeWish:
    known_version = room_version(version)
    if known_version is None:
        raise Refused(Refusal("M_UNSUPPORTED_ROOM_VERSION", 400, f"Room version {version} is not supported."))
    if not known_version.creators_have_infinite_power:
        return UpgradeWish(known_version, ())
    refuse(may_create(known_version, {"additional_creators": list(others)}))
    return UpgradeWish(known_version, tuple(UserId(user) for user in dict.fromkeys(others)))


def _begin(ctx: Context, tx: Transaction, asker: Asker, room: RoomId, wish: UpgradeWish) -> tuple[RoomId, bool]:
    """Return the replacement, found or made, and whether everything is done."""
    old = _permitted(tx, asker, room)
    present = _present_replacement(tx, old, asker, wish)
    if present is not None:
        return present, True
    refuse(_is_replaced(tx, old))
    new = _unfinished(tx, old, asker, wish) or _founded(ctx, tx, old, asker, wish)
    return new, _go_on(ctx, asker, room, new, tx)


def _permitted(tx: Transaction, asker: Asker, room: RoomId) -> CurrentState:
    state = known(tx, room)
    refuse(may_send(state, asker.user, tombstone(room)))
    return state


def _present_replacement(tx: Transaction, old: CurrentState, asker: Asker, wish: UpgradeWish) -> RoomId | None:
    """Return the room that this very wish led to before: the answer may have been lost on its way."""
    named = replacement_of(old)
    return named if named is not None and _replaces(rooms.current_state(tx, named), old, asker, wish) else None


def _is_replaced(tx: Transaction, old: CurrentState) -> Refusal | None:
    """Say that a room goes on elsewhere already: its names have gone there, its levels are those of a closed one."""
    named = replacement_of(old)
    if named is None or predecessor_of(rooms.current_state(tx, named)) != old.room_id:
        return None
    return forbidden(f"The room has been replaced by {named} already; upgrade that one.")


def _unfinished(tx: Transaction, old: CurrentState, asker: Asker, wish: UpgradeWish) -> RoomId | None:
    """Return a replacement that was begun and not finished; it shows by having no join rules."""
    for room in rooms.rooms_without_join_rules(tx, asker.user, wish.version.id):
        state = rooms.current_state(tx, room)
        if _replaces(state, old, asker, wish) and membership_of(state, asker.user) == "join":
            return room
    return None


def _replaces(state: CurrentState, old: CurrentState, asker: Asker, wish: UpgradeWish) -> bool:
    create = state.get(CREATE)
    if create is None or create.sender != asker.user or version_of(state) != wish.version:
        return False
    if predecessor_of(state) != old.room_id:
        return False
    return not wish.version.creators_have_infinite_power or creators(state) == {asker.user, *wish.creators}


def _founded(ctx: Context, tx: Transaction, old: CurrentState, asker: Asker, wish: UpgradeWish) -> RoomId:
    """Make the replacement: with all state but what opens it to others."""
    newest = rooms.newest_position(tx, old.room_id)
    last = timeline.at_positions(tx, [newest])[0].event_id if newest is not None else None
    content = first_content(wish.version, old, asker.user, wish.creators, last)
    first = first_event(ctx, wish.version, asker.user, content)
    rooms.add(tx, Room(first.room_id, wish.version.id, asker.user, first.ts, is_public=False))
    state = rooms.current_state(tx, first.room_id)
    append_unasked(tx, state, first)
    set_membership(ctx, tx, state, asker, asker.user, {**card(tx, asker.user), "membership": "join"})
    _set(ctx, tx, state, asker, Draft(POWER_LEVELS, levels_while_copying(wish.version, old, asker.user), ""))
    for draft in copied_state(old):
        _set(ctx, tx, state, asker, draft)
    return first.room_id


def _go_on(ctx: Context, asker: Asker, room: RoomId, new: RoomId, tx: Transaction) -> bool:
    """Copy some of what is missing; where nothing is, finish and say so."""
    old, state = _permitted(tx, asker, room), known(tx, new)
    if replacement_of(old) == new:  # another request of the same wish was faster
        return True
    refuse(_is_replaced(tx, old))
    missing = rooms.bans_missing(tx, room, new, COPIED_AT_ONCE)
    if len(missing) < COPIED_AT_ONCE and is_space(old):
        missing += rooms.state_missing(tx, room, new, SPACE_CHILD, COPIED_AT_ONCE - len(missing))
    _copy(ctx, tx, state, asker, missing)
    if len(missing) == COPIED_AT_ONCE:
        return False
    _move_names(tx, room, new)
    _open(ctx, tx, old, state, asker)
    _close(ctx, tx, old, new, asker)
    carry_settings(tx, asker.user, room, new)
    return True


def _copy(ctx: Context, tx: Transaction, state: CurrentState, asker: Asker, places: list[Position]) -> None:
    for event in timeline.at_positions(tx, places):
        content = content_of(event)
        if event.type == MEMBER:
            content = {name: content[name] for name in ("membership", "reason") if name in content}
        _set(ctx, tx, state, asker, Draft(event.type, content, event.state_key))


def _move_names(tx: Transaction, room: RoomId, new: RoomId) -> None:
    """Aliases, the place in the directory, and the rooms of newcomers lead to the replacement from now on."""
    listed = rooms.find(tx, room)
    directory.move_aliases(tx, room, new)
    tokens.promise_other_room(tx, room, new)
    if listed is not None and listed.is_public:
        rooms.publish(tx, new, is_public=True)
        rooms.publish(tx, room, is_public=False)


def _open(ctx: Context, tx: Transaction, old: CurrentState, state: CurrentState, asker: Asker) -> None:
    """Set what opens the replacement; its power levels last, since they may take the asker's power away."""
    names = _canonical_alias(tx, old, state)
    if names:
        _set(ctx, tx, state, asker, Draft(CANONICAL_ALIAS, names, ""))
    _set(ctx, tx, state, asker, copied_join_rules(old))
    version = version_of(state)
    levels = copied_levels(version, old, creators(state))
    present = state.get(POWER_LEVELS)
    if present is None or present.content != levels:
        _set(ctx, tx, state, asker, Draft(POWER_LEVELS, levels, ""))


def _canonical_alias(tx: Transaction, old: CurrentState, state: CurrentState) -> Content:
    """Return what the old room's canonical alias said, as far as it leads to the replacement now."""
    event = old.get(CANONICAL_ALIAS)
    said = {} if event is None else event.content

    def leads_here(alias: object) -> bool:
        known_alias = isinstance(alias, str) and is_alias(alias)
        return known_alias and directory.room_of(tx, Alias(str(alias))) == state.room_id

    content: Content = {"alias": said["alias"]} if leads_here(said.get("alias")) else {}
    others = said.get("alt_aliases")
    kept = [alias for alias in others if leads_here(alias)] if isinstance(others, list) else []
    return {**content, "alt_aliases": kept} if kept else content


def _close(ctx: Context, tx: Transaction, old: CurrentState, new: RoomId, asker: Asker) -> None:
    """Say in the old room where it goes on; as far as the asker may, take its name away and quieten it."""
    _set(ctx, tx, old, asker, tombstone(new))
    if old.get(CANONICAL_ALIAS) is not None:
        with suppress(Refused):  # rules are asked before anything is written
            _set(ctx, tx, old, asker, Draft(CANONICAL_ALIAS, {}, ""))
    with suppress(Refused):
        _set(ctx, tx, old, asker, levels_of_the_closed(old))


def _set(ctx: Context, tx: Transaction, state: CurrentState, asker: Asker, draft: Draft) -> None:
    append(tx, state, encode(ctx, state.room_id, asker.user, draft))
