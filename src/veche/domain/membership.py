"""Who may join, be invited, leave, be removed, banned, readmitted, or knock.

Only rules about m.room.member events; what members may send is in ``permissions``.
"""

from typing import Final

from veche.domain.events import CREATE, GUEST_ACCESS, JOIN_RULES, MEMBER, Content, Draft, RoomState
from veche.domain.ids import RoomId, UserId, is_room_id, is_user_id
from veche.domain.power_levels import Action, PowerLevels, lacks_power, power_levels
from veche.domain.refusals import Refusal, bad_json, bad_state, forbidden, invalid_param

ALLOWED_BY: Final = "join_authorised_via_users_server"
INVITES_BY_USER_ID: Final = Refusal("M_THREEPID_DENIED", 403, "This server invites by user id only.")
NOT_IN_ROOM: Final = forbidden("You are not in that room.")
"""Also said of rooms that do not exist: outsiders cannot tell the two apart."""

_MEMBERSHIPS = ("join", "invite", "leave", "ban", "knock")
_CONDITIONAL = ("restricted", "knock_restricted")
_KNOCKABLE = ("knock", "knock_restricted")


def membership_of(state: RoomState, user: UserId) -> str:
    """Return the membership of a user in a room; "leave" for who never had one."""
    event = state.get(MEMBER, user)
    if event is None:
        return "leave"
    membership: str = event.content["membership"]
    return membership


def join_rule_of(state: RoomState) -> str:
    """Return the join rule of a room; "invite" where none is set, "private" where it is no text."""
    event = state.get(JOIN_RULES)
    return join_rule_in(None if event is None else event.content)


def join_rule_in(content: Content | None) -> str:
    """Return the join rule that the content of m.room.join_rules says; None where there is no such event."""
    rule = "invite" if content is None else content.get("join_rule", "invite")
    return rule if type(rule) is str else "private"


def rooms_that_admit(state: RoomState) -> tuple[RoomId, ...]:
    """Return the rooms whose members may join this one uninvited (client-server API, Restricted rooms).

    Empty unless the join rule is restricted or knock_restricted; conditions that are not understood admit nobody.
    """
    event = state.get(JOIN_RULES)
    return admitting_rooms(None if event is None else event.content)


def admitting_rooms(content: Content | None) -> tuple[RoomId, ...]:
    """Return the rooms from which this content of m.room.join_rules admits; None where there is no such event."""
    if content is None or join_rule_in(content) not in _CONDITIONAL:
        return ()
    conditions = content.get("allow")
    if type(conditions) is not list:
        return ()
    return tuple(RoomId(one["room_id"]) for one in conditions if _is_about_membership(one))


def may_change_membership(
    state: RoomState, sender: UserId, draft: Draft, *, is_guest: bool = False, allowed_by: UserId | None = None
) -> Refusal | None:
    """Say why this m.room.member event may not be appended (rule 4 of room versions 10 and 11, rule 5 of 12).

    ``allowed_by`` names the member in whose name a restricted room lets the target in, once the caller has found
    that the target satisfies a condition; the content must name the same person, or nobody if there is none.
    """
    refusal = _refuse_content(draft, allowed_by)
    if refusal is not None:
        return refusal
    target, membership = UserId(draft.state_key or ""), draft.content["membership"]
    if membership == "invite":
        return may_invite(state, sender, target)
    if membership == "ban":
        return may_ban(state, sender, target)
    if membership == "leave":
        return _may_end(state, sender, target)
    if sender != target:
        return forbidden(f"{sender} cannot {membership} in the name of {target}")
    if membership == "knock":
        return may_knock(state, sender)
    return may_join(state, sender, is_guest=is_guest, allowed_by=allowed_by)


def may_join(
    state: RoomState, user: UserId, *, is_guest: bool = False, allowed_by: UserId | None = None
) -> Refusal | None:
    """Say why ``user`` may not join, or set their membership again once joined."""
    now = membership_of(state, user)
    if now == "ban":
        return forbidden(f"{user} is banned from the room")
    if _is_creator_entering(state, user):
        return None
    if is_guest and not _admits_guests(state):
        return forbidden(f"{user} is a guest, and the room does not admit guests")
    return _refuse_by_join_rule(state, user, now, allowed_by)


def may_invite(state: RoomState, sender: UserId, target: UserId) -> Refusal | None:
    """Say why ``sender`` may not invite ``target``, which includes accepting their knock."""
    now = membership_of(state, target)
    refusal = may_invite_somebody(state, sender)
    if refusal is not None:
        return refusal
    if now == "ban":
        return forbidden(f"{target} is banned from the room")
    if now == "join":
        return forbidden(f"{target} is already in the room")
    return None


def may_invite_somebody(state: RoomState, sender: UserId) -> Refusal | None:
    """Say why ``sender`` may invite nobody; who may also lets people into a restricted room."""
    return _refuse_outsider(state, sender) or _lacks(power_levels(state), sender, "invite")


def may_leave(state: RoomState, user: UserId) -> Refusal | None:
    """Say why ``user`` may not leave, reject an invitation or take back a knock."""
    now = membership_of(state, user)
    if now == "ban":
        return forbidden(f"{user} is banned from the room")
    if now == "leave":
        return NOT_IN_ROOM
    return None


def may_kick(state: RoomState, sender: UserId, target: UserId) -> Refusal | None:
    """Say why ``sender`` may not remove ``target``, take back their invitation or deny their knock."""
    levels = power_levels(state)
    refusal = _refuse_outsider(state, sender) or _lacks(levels, sender, "kick")
    if refusal is not None:
        return refusal
    now = membership_of(state, target)
    if now == "ban":
        return forbidden(f"{target} is banned from the room and cannot be kicked")
    if now == "leave":
        return forbidden(f"{target} is not in the room")
    return _refuse_rank(levels, sender, target, "kick")


def may_ban(state: RoomState, sender: UserId, target: UserId) -> Refusal | None:
    """Say why ``sender`` may not ban ``target``, who need not be in the room."""
    levels = power_levels(state)
    refusal = _refuse_outsider(state, sender) or _lacks(levels, sender, "ban")
    return refusal or _refuse_rank(levels, sender, target, "ban")


def may_unban(state: RoomState, sender: UserId, target: UserId) -> Refusal | None:
    """Say why ``sender`` may not lift the ban of ``target``: it takes the level to ban and the level to kick."""
    levels = power_levels(state)
    refusal = _refuse_outsider(state, sender) or _lacks(levels, sender, "ban", "unban")
    refusal = refusal or _lacks(levels, sender, "kick", "unban")
    if refusal is not None:
        return refusal
    if membership_of(state, target) != "ban":
        return bad_state(f"{target} is not banned from the room")
    return _refuse_rank(levels, sender, target, "unban")


def may_knock(state: RoomState, user: UserId) -> Refusal | None:
    """Say why ``user`` may not ask to be let in."""
    rule = join_rule_of(state)
    if rule not in _KNOCKABLE:
        return forbidden(f"{user} cannot knock on this room: its join rule does not allow it")
    now = membership_of(state, user)
    if now == "ban":
        return forbidden(f"{user} is banned from the room")
    if now == "invite":
        return forbidden(f"{user} is invited to the room already")
    if now == "join":
        return forbidden(f"{user} is already in the room")
    return None


def _is_about_membership(condition: object) -> bool:
    if type(condition) is not dict or condition.get("type") != "m.room_membership":
        return False
    room = condition.get("room_id")
    return type(room) is str and is_room_id(room)


def _refuse_content(draft: Draft, allowed_by: UserId | None) -> Refusal | None:
    if draft.state_key is None:
        return bad_json("a membership needs a state key", "state_key")
    if not is_user_id(draft.state_key):
        return invalid_param(f"{draft.state_key!r} is not a user id", "state_key")
    if draft.content.get("membership") not in _MEMBERSHIPS:
        return bad_json(f"membership must be one of {', '.join(_MEMBERSHIPS)}", "membership")
    return _refuse_vouchers(draft.content, allowed_by)


def _refuse_vouchers(content: Content, allowed_by: UserId | None) -> Refusal | None:
    # On the open network signatures prove these two keys; here only this server's own word does.
    if content.get(ALLOWED_BY) != allowed_by:
        return forbidden(f"{ALLOWED_BY} may only name who lets the user in")
    if "third_party_invite" in content:
        return forbidden("third-party invitations are not known to this server")
    return None


def _may_end(state: RoomState, sender: UserId, target: UserId) -> Refusal | None:
    if sender == target:
        return may_leave(state, target)
    if membership_of(state, target) == "ban":
        return may_unban(state, sender, target)
    return may_kick(state, sender, target)


def _is_creator_entering(state: RoomState, user: UserId) -> bool:
    # Nobody else can have entered a room before its creator, so no membership yet means: right after creation.
    create = state.get(CREATE)
    return create is not None and create.sender == user and state.get(MEMBER, user) is None


def _admits_guests(state: RoomState) -> bool:
    event = state.get(GUEST_ACCESS)
    return event is not None and event.content.get("guest_access") == "can_join"


def _refuse_by_join_rule(state: RoomState, user: UserId, now: str, allowed_by: UserId | None) -> Refusal | None:
    rule = join_rule_of(state)
    if rule == "public":
        return None
    if rule not in ("invite", "knock", *_CONDITIONAL):
        return forbidden(f"{user} cannot join: nobody can while the room has this join rule")
    if now in ("invite", "join"):
        return None
    if rule not in _CONDITIONAL:
        return forbidden(f"{user} is not invited to the room")
    if allowed_by is None:
        return forbidden(f"{user} is not invited and satisfies no condition to join the room")
    return may_invite_somebody(state, allowed_by)


def _refuse_outsider(state: RoomState, sender: UserId) -> Refusal | None:
    return None if membership_of(state, sender) == "join" else NOT_IN_ROOM


def _lacks(levels: PowerLevels, sender: UserId, action: Action, deed: str | None = None) -> Refusal | None:
    return lacks_power(levels, sender, levels.needed(action), deed or action)


def _refuse_rank(levels: PowerLevels, sender: UserId, target: UserId, deed: str) -> Refusal | None:
    if levels.of(target) < levels.of(sender):
        return None
    return forbidden(f"{sender} may not {deed} {target}, whose power level is as high or higher")
