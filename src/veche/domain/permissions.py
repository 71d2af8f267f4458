"""May this event be appended to the room? The one door to the rules of power levels and membership.

What events mean afterwards, and whether their content makes sense, is decided elsewhere.
"""

from veche.domain.events import CREATE, MEMBER, POWER_LEVELS, REDACTION, THIRD_PARTY_INVITE, Draft, RoomState
from veche.domain.ids import UserId
from veche.domain.membership import NOT_IN_ROOM, may_change_membership, membership_of
from veche.domain.power_levels import PowerLevels, lacks_power, may_change_power_levels, power_levels
from veche.domain.refusals import Refusal, forbidden


def may_send(
    state: RoomState,
    sender: UserId,
    draft: Draft,
    *,
    levels: PowerLevels | None = None,
    is_guest: bool = False,
    allowed_by: UserId | None = None,
) -> Refusal | None:
    """Say why ``sender`` may not append ``draft`` to a room in this state (authorization rules of the room version).

    ``levels`` are the room's power levels if the caller has them at hand. ``is_guest`` and ``allowed_by`` matter
    for joins alone, see ``may_change_membership``. A redaction is judged as an event only: ask ``may_redact`` too.
    """
    kind = draft.type
    if kind == MEMBER:
        return may_change_membership(state, sender, draft, is_guest=is_guest, allowed_by=allowed_by)
    if membership_of(state, sender) != "join":
        return NOT_IN_ROOM
    if levels is None:
        levels = power_levels(state)
    if kind == THIRD_PARTY_INVITE:
        return lacks_power(levels, sender, levels.needed("invite"), f"send {kind}")
    needed = levels.needed_for_event(kind, draft.state_key is not None)
    if levels.of(sender) < needed:
        return lacks_power(levels, sender, needed, f"send {kind}")
    if kind == POWER_LEVELS:
        return may_change_power_levels(state, levels, sender, draft.content)
    if kind == CREATE:
        return forbidden(f"a room has one {CREATE} event only, its first")
    if kind == REDACTION and draft.state_key is not None:
        return forbidden(f"{REDACTION} is not state: some clients would take it for a redaction")
    return _refuse_foreign_key(sender, draft.state_key)


def may_redact(state: RoomState, sender: UserId, target_sender: UserId) -> Refusal | None:
    """Say why ``sender`` may not redact an event of ``target_sender`` (client-server API, Redactions).

    The whole answer: it includes whether the redaction itself may be sent.
    """
    levels = power_levels(state)
    refusal = may_send(state, sender, Draft(REDACTION, {}), levels=levels)
    if refusal is not None or sender == target_sender:
        return refusal
    return lacks_power(levels, sender, levels.needed("redact"), f"redact an event of {target_sender}")


def _refuse_foreign_key(sender: UserId, key: str | None) -> Refusal | None:
    if key is None or key == sender or not key.startswith("@"):
        return None
    return forbidden(f"{sender} may not set state that belongs to {key}")
