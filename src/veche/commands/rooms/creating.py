"""Creating a room: all its first events, its alias and its invitations in one transaction."""

from typing import Any

import msgspec

from veche.commands.context import Context
from veche.commands.rooms.membership import card, set_membership
from veche.commands.timeline.appending import append, append_unasked, encode
from veche.commands.timeline.sending import is_here, makes_sense, wants_invitations
from veche.domain import events
from veche.domain.directory import default_aliases, may_be_alias, may_take_alias
from veche.domain.events import Content, Draft
from veche.domain.ids import Alias, RoomId, UserId, is_user_id
from veche.domain.membership import INVITES_BY_USER_ID
from veche.domain.moderation import may_take_part
from veche.domain.refusals import Refusal, Refused, invalid_param, refuse
from veche.domain.rooms import (
    Preset,
    RoomVersion,
    create_content,
    initial_power_levels,
    may_create,
    preset,
    preset_for,
    preset_state,
    room_id_of,
    room_version,
)
from veche.domain.sessions import Asker
from veche.domain.timeline import NewEvent
from veche.storage import directory, rooms
from veche.storage.rooms import CurrentState, Room
from veche.storage.writer import Transaction

MOST_INVITED = 200
MOST_STATE = 200
_ROOM_ID_BYTES = 18


class InitialState(msgspec.Struct, frozen=True):
    """A state event that a new room shall have."""

    type: str
    content: dict[str, Any]
    state_key: str = ""


class RoomWish(msgspec.Struct, frozen=True):
    """What a new room shall be (section Creation, ``POST /createRoom``)."""

    visibility: str = "private"
    room_alias_name: str | None = None
    name: str | None = None
    topic: str | None = None
    invite: tuple[str, ...] = ()
    invite_3pid: tuple[Any, ...] = ()
    room_version: str | None = None
    creation_content: dict[str, Any] = {}
    initial_state: tuple[InitialState, ...] = ()
    preset: str | None = None
    is_direct: bool = False
    power_level_content_override: dict[str, Any] = {}


class Founding(msgspec.Struct, frozen=True):
    """A wish that was found to make sense."""

    wish: RoomWish
    version: RoomVersion
    preset: Preset
    alias: Alias | None
    invited: tuple[UserId, ...]


async def create_room(ctx: Context, asker: Asker, wish: RoomWish) -> RoomId:
    """Create a room and return its id.

    Raises 400 M_UNSUPPORTED_ROOM_VERSION, M_ROOM_IN_USE, M_EXCLUSIVE, M_INVALID_ROOM_STATE or M_INVALID_PARAM, each
    with a sentence, 403 M_INVITE_BLOCKED where somebody wants no invitations; nothing of the room remains then.
    """
    refuse(may_take_part(asker))
    founding = understood(ctx, wish)
    refuse(may_take_alias(asker, founding.alias, ctx.limits) if founding.alias is not None else None)
    return await ctx.writer.run(lambda tx: found(ctx, tx, asker, founding))


def understood(ctx: Context, wish: RoomWish) -> Founding:
    """Make sure that a wish makes sense; raises 400 as ``create_room`` does."""
    version = room_version(wish.room_version or ctx.limits.default_room_version)
    if version is None:
        raise Refused(Refusal("M_UNSUPPORTED_ROOM_VERSION", 400, f"Room version {wish.room_version} is not supported."))
    refuse(may_create(version, wish.creation_content))
    if wish.visibility not in ("public", "private"):
        raise Refused(invalid_param("visibility must be public or private", "visibility"))
    chosen = preset(wish.preset) if wish.preset is not None else preset_for(wish.visibility)
    if chosen is None:
        raise Refused(invalid_param(f"there is no preset called {wish.preset}", "preset"))
    if wish.invite_3pid:
        raise Refused(INVITES_BY_USER_ID)
    if len(wish.initial_state) > MOST_STATE:
        raise Refused(invalid_param(f"a room begins with at most {MOST_STATE} state events", "initial_state"))
    return Founding(wish, version, chosen, _alias(ctx, wish), _invited(wish))


def found(ctx: Context, tx: Transaction, asker: Asker, founding: Founding) -> RoomId:
    """Create a room as part of another command. A refusal on the way has to undo the whole of that command."""
    first = _first_event(ctx, asker, founding)
    room, wish = first.room_id, founding.wish
    rooms.add(tx, Room(room, founding.version.id, asker.user, first.ts, wish.visibility == "public"))
    state = rooms.current_state(tx, room)
    append_unasked(tx, state, first)
    set_membership(ctx, tx, state, asker, asker.user, {**card(tx, asker.user), "membership": "join"})
    _set(ctx, tx, state, asker, Draft(events.POWER_LEVELS, _power_levels(asker, founding), ""))
    if founding.alias is not None:
        _name(ctx, tx, state, asker, founding.alias)
    for draft in _state(founding):
        _set(ctx, tx, state, asker, draft)
    for user in founding.invited:
        _invite(ctx, tx, state, asker, user, is_direct=wish.is_direct)
    return room


def first_event(ctx: Context, version: RoomVersion, creator: UserId, content: Content) -> NewEvent:
    """Encode the create event of a new room, whose id it gives."""
    draft = Draft(events.CREATE, content, "")
    if version.room_id_names_server:
        return encode(ctx, _new_room_id(ctx), creator, draft)
    first = encode(ctx, RoomId(""), creator, draft)
    return msgspec.structs.replace(first, room_id=room_id_of(first.event_id))


def _alias(ctx: Context, wish: RoomWish) -> Alias | None:
    if wish.room_alias_name is None:
        return None
    alias = Alias(f"#{wish.room_alias_name}:{ctx.limits.server_name}")
    if ":" in wish.room_alias_name:
        raise Refused(invalid_param("room_alias_name is the part before the colon only", "room_alias_name"))
    refuse(may_be_alias(alias, ctx.limits.server_name))
    return alias


def _invited(wish: RoomWish) -> tuple[UserId, ...]:
    if len(wish.invite) > MOST_INVITED:
        raise Refused(invalid_param(f"at most {MOST_INVITED} people can be invited at once", "invite"))
    for user in wish.invite:
        if not is_user_id(user):
            raise Refused(invalid_param(f"{user!r} is not a user id", "invite"))
    return tuple(UserId(user) for user in dict.fromkeys(wish.invite))


def _first_event(ctx: Context, asker: Asker, founding: Founding) -> NewEvent:
    version = founding.version
    content = create_content(version, founding.preset, asker.user, founding.wish.creation_content, founding.invited)
    return first_event(ctx, version, asker.user, content)


def _new_room_id(ctx: Context) -> RoomId:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    name = "".join(letters[byte % len(letters)] for byte in ctx.random(_ROOM_ID_BYTES))
    return RoomId(f"!{name}:{ctx.limits.server_name}")


def _power_levels(asker: Asker, founding: Founding) -> Content:
    content = initial_power_levels(founding.version, founding.preset, asker.user, founding.invited)
    return {**content, **founding.wish.power_level_content_override}


def _state(founding: Founding) -> list[Draft]:
    """The preset's state, over it the wished state, and last name and topic (section Creation)."""
    wish = founding.wish
    wished = [Draft(event.type, event.content, event.state_key) for event in wish.initial_state]
    named = {(draft.type, draft.state_key) for draft in wished}
    drafts = [draft for draft in preset_state(founding.preset) if (draft.type, draft.state_key) not in named]
    drafts += wished
    if wish.name is not None:
        drafts.append(Draft(events.NAME, {"name": wish.name}, ""))
    if wish.topic is not None:
        block = {"m.text": [{"body": wish.topic}]}
        drafts.append(Draft(events.TOPIC, {"topic": wish.topic, "m.topic": block}, ""))
    return drafts


def _set(ctx: Context, tx: Transaction, state: CurrentState, asker: Asker, draft: Draft) -> None:
    """Append a piece of the first state; what the rules refuse makes the whole wish an invalid one."""
    try:
        new = encode(ctx, state.room_id, asker.user, draft)
        refuse(makes_sense(tx, state, asker.user, draft))
        append(tx, state, new)
    except Refused as refused:
        text = f"{draft.type} cannot be set in the new room: {refused.refusal.text}"
        raise Refused(Refusal("M_INVALID_ROOM_STATE", 400, text)) from None


def _name(ctx: Context, tx: Transaction, state: CurrentState, asker: Asker, alias: Alias) -> None:
    if not directory.add_alias(tx, alias, state.room_id, asker.user):
        raise Refused(Refusal("M_ROOM_IN_USE", 400, f"{alias} is taken by another room."))
    if alias in default_aliases(ctx.limits):
        directory.set_default_room(tx, alias, state.room_id)
    _set(ctx, tx, state, asker, Draft(events.CANONICAL_ALIAS, {"alias": alias}, ""))


def _invite(ctx: Context, tx: Transaction, state: CurrentState, asker: Asker, user: UserId, *, is_direct: bool) -> None:
    if is_here(tx, user) is not None:
        raise Refused(invalid_param(f"{user} is not known on this server", "invite"))
    refuse(wants_invitations(tx, user))
    content = {**card(tx, user), "membership": "invite"}
    if is_direct:
        content["is_direct"] = True
    set_membership(ctx, tx, state, asker, user, content)
