"""What a redaction leaves of an event's content (room versions, section Redactions).

Who may redact is in ``permissions``; which keys beside the content stay is the log's business.
"""

from veche.domain.events import (
    CREATE,
    HISTORY_VISIBILITY,
    JOIN_RULES,
    MEMBER,
    POWER_LEVELS,
    REDACTION,
    Content,
)
from veche.domain.rooms import RoomVersion

_LEVELS = ("ban", "events", "events_default", "kick", "redact", "state_default", "users", "users_default")

_KEPT_SINCE_9: dict[str, tuple[str, ...]] = {
    CREATE: ("creator",),
    HISTORY_VISIBILITY: ("history_visibility",),
    JOIN_RULES: ("join_rule", "allow"),
    MEMBER: ("membership", "join_authorised_via_users_server"),
    POWER_LEVELS: _LEVELS,
}
_KEPT_SINCE_11 = {
    **_KEPT_SINCE_9,
    POWER_LEVELS: (*_LEVELS, "invite"),
    REDACTION: ("redacts",),
}


def redact(version: RoomVersion, kind: str, content: Content) -> Content:
    """Return what is left of the content of an event of type ``kind`` once it is redacted."""
    if version.redaction_algorithm == 9:
        return _pick(content, _KEPT_SINCE_9.get(kind, ()))
    if kind == CREATE:
        return content
    kept = _pick(content, _KEPT_SINCE_11.get(kind, ()))
    if kind == MEMBER:
        kept.update(_signed_part(content))
    return kept


def _pick(content: Content, keys: tuple[str, ...]) -> Content:
    return {key: content[key] for key in keys if key in content}


def _signed_part(content: Content) -> Content:
    invite = content.get("third_party_invite")
    if type(invite) is dict and "signed" in invite:
        return {"third_party_invite": {"signed": invite["signed"]}}
    return {}
