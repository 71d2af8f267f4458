"""Push rules, the list of notifications, and pushers."""

from typing import Any, Literal

import msgspec

from veche.api.http.contract import Door, Empty, Endpoint
from veche.commands import notifications as commands
from veche.domain.ids import Position
from veche.domain.notifications import PushRule, Ruleset
from veche.domain.notifications.pushers import Pusher
from veche.domain.refusals import Refusal, Refused
from veche.domain.sessions import Asker
from veche.queries import notifications as queries
from veche.queries.notifications import Notifications
from veche.queries.sync.wish import position_from

USUAL_LIMIT = 20


class Rulesets(msgspec.Struct, frozen=True):
    """All rules, of the one scope there is."""

    global_: Ruleset = msgspec.field(name="global")


class RuleRequest(msgspec.Struct, frozen=True):
    """A request about one rule: ``/pushrules/global/{kind}/{rule_id}``."""

    kind: str
    rule_id: str


class PutRuleRequest(msgspec.Struct, frozen=True):
    """``PUT /pushrules/global/{kind}/{rule_id}``; before or after which other rule it is to stand."""

    kind: str
    rule_id: str
    body: dict[str, Any]
    before: str | None = None
    after: str | None = None


class Enabled(msgspec.Struct, frozen=True):
    """Whether a rule is switched on."""

    enabled: bool


class SwitchRequest(msgspec.Struct, frozen=True):
    """``PUT /pushrules/global/{kind}/{rule_id}/enabled``."""

    kind: str
    rule_id: str
    body: Enabled


class Actions(msgspec.Struct, frozen=True):
    """What a rule does. A fault in it is found where rules are read."""

    actions: Any


class SetActionsRequest(msgspec.Struct, frozen=True):
    """``PUT /pushrules/global/{kind}/{rule_id}/actions``."""

    kind: str
    rule_id: str
    body: Actions


class PageRequest(msgspec.Struct, frozen=True):
    """``GET /notifications``."""

    from_: str | None = msgspec.field(default=None, name="from")
    limit: int = USUAL_LIMIT
    only: str | None = None


class PusherOnWire(msgspec.Struct, frozen=True, omit_defaults=True):
    """A pusher as its owner set it."""

    app_id: str
    pushkey: str
    kind: str
    app_display_name: str
    device_display_name: str
    lang: str
    data: dict[str, Any]
    profile_tag: str | None = None


class Pushers(msgspec.Struct, frozen=True):
    """``GET /pushers``."""

    pushers: list[PusherOnWire]


class SetPusherRequest(msgspec.Struct, frozen=True):
    """``POST /pushers/set``. A fault in it is found where pushers are read."""

    body: dict[str, Any]


async def rulesets(door: Door, asker: Asker, query: Empty) -> Rulesets:
    """Return all push rules of the asker (section Push Rules: API)."""
    return Rulesets(await queries.ruleset(door.queries, asker))


async def ruleset(door: Door, asker: Asker, query: Empty) -> Ruleset:
    """Return the rules of the global scope."""
    return await queries.ruleset(door.queries, asker)


async def rule(door: Door, asker: Asker, query: RuleRequest) -> PushRule:
    """Return one rule."""
    return await queries.rule(door.queries, asker, query.kind, query.rule_id)


async def put_rule(door: Door, asker: Asker, query: PutRuleRequest) -> Empty:
    """Add a rule or change one."""
    await commands.add_rule(door.commands, asker, query.kind, query.rule_id, query.body, query.before, query.after)
    return Empty()


async def delete_rule(door: Door, asker: Asker, query: RuleRequest) -> Empty:
    """Remove one of the asker's own rules."""
    await commands.remove_rule(door.commands, asker, query.kind, query.rule_id)
    return Empty()


async def enabled(door: Door, asker: Asker, query: RuleRequest) -> Enabled:
    """Say whether a rule is switched on."""
    return Enabled((await queries.rule(door.queries, asker, query.kind, query.rule_id)).enabled)


async def switch(door: Door, asker: Asker, query: SwitchRequest) -> Empty:
    """Switch a rule on or off."""
    await commands.set_enabled(door.commands, asker, query.kind, query.rule_id, enabled=query.body.enabled)
    return Empty()


async def actions(door: Door, asker: Asker, query: RuleRequest) -> Actions:
    """Return what a rule does."""
    return Actions((await queries.rule(door.queries, asker, query.kind, query.rule_id)).actions)


async def set_actions(door: Door, asker: Asker, query: SetActionsRequest) -> Empty:
    """Let a rule do something else."""
    await commands.set_actions(door.commands, asker, query.kind, query.rule_id, query.body.actions)
    return Empty()


async def notifications(door: Door, asker: Asker, query: PageRequest) -> Notifications:
    """Return a page of what notified the asker (section Listing Notifications)."""
    return await queries.notifications(
        door.queries, asker, _before(query.from_), query.limit, highlights_only=query.only == "highlight"
    )


async def pushers(door: Door, asker: Asker, query: Empty) -> Pushers:
    """Return the asker's pushers, the oldest setting first."""
    return Pushers([_on_wire(pusher) for pusher in await queries.pushers(door.queries, asker)])


async def set_pusher(door: Door, asker: Asker, query: SetPusherRequest) -> Empty:
    """Add a pusher, change it or remove it (section Push Notifications)."""
    await commands.set_pusher(door.commands, asker, query.body)
    return Empty()


def _on_wire(pusher: Pusher) -> PusherOnWire:
    return PusherOnWire(
        pusher.key.app_id,
        pusher.key.pushkey,
        pusher.kind,
        pusher.app_display_name,
        pusher.device_display_name,
        pusher.lang,
        pusher.data,
        pusher.profile_tag,
    )


def _before(token: str | None) -> Position | None:
    if token is None:
        return None
    position = position_from(token, "from")
    if isinstance(position, Refusal):
        raise Refused(position)
    return position


_V3 = "/_matrix/client/v3"
_RULES = _V3 + "/pushrules"
_RULE = _RULES + "/global/{kind}/{rule_id}"

_Method = Literal["GET", "PUT", "DELETE"]


def _on_rule(method: _Method, path: str, request: type[Any], response: Any, serve: Any) -> Endpoint:
    return Endpoint(method, _RULE + path, "user", "read" if method == "GET" else "write", request, response, serve)


ENDPOINTS = (
    Endpoint("GET", _RULES + "/", "user", "read", Empty, Rulesets, rulesets, aliases=(_RULES,)),
    Endpoint("GET", _RULES + "/global/", "user", "read", Empty, Ruleset, ruleset, aliases=(_RULES + "/global",)),
    _on_rule("GET", "", RuleRequest, PushRule, rule),
    _on_rule("PUT", "", PutRuleRequest, Empty, put_rule),
    _on_rule("DELETE", "", RuleRequest, Empty, delete_rule),
    _on_rule("GET", "/enabled", RuleRequest, Enabled, enabled),
    _on_rule("PUT", "/enabled", SwitchRequest, Empty, switch),
    _on_rule("GET", "/actions", RuleRequest, Actions, actions),
    _on_rule("PUT", "/actions", SetActionsRequest, Empty, set_actions),
    Endpoint("GET", _V3 + "/notifications", "user", "read", PageRequest, Notifications, notifications),
    Endpoint("GET", _V3 + "/pushers", "user", "read", Empty, Pushers, pushers),
    Endpoint("POST", _V3 + "/pushers/set", "user", "write", SetPusherRequest, Empty, set_pusher),
)
