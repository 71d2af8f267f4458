"""Editing push rules: what may be changed is decided in the domain, what differs from the default is stored."""

from collections.abc import Callable
from typing import Any

from veche.commands.context import Context
from veche.commands.notifications.classifying import classify_rooms
from veche.domain import notifications as rules
from veche.domain.facts import Fact
from veche.domain.notifications import Ruleset, changes_of, ruleset_from
from veche.domain.refusals import Refusal, Refused
from veche.domain.sessions import Asker
from veche.storage import notifications
from veche.storage.writer import Transaction

Edit = Callable[[Ruleset], Ruleset | Refusal]


async def add_rule(
    ctx: Context, asker: Asker, kind: str, rule_id: str, body: dict[str, Any], before: str | None, after: str | None
) -> None:
    """Add a rule or change the asker's own one of this id; every refusal is a 400 (section Push Rules: API)."""
    await _edit(ctx, asker, lambda ruleset: rules.add_rule(ruleset, kind, rule_id, body, before, after))


async def remove_rule(ctx: Context, asker: Asker, kind: str, rule_id: str) -> None:
    """Remove one of the asker's own rules; 404 where there is none, 400 for default rules."""
    await _edit(ctx, asker, lambda ruleset: rules.remove_rule(ruleset, kind, rule_id))


async def set_enabled(ctx: Context, asker: Asker, kind: str, rule_id: str, *, enabled: bool) -> None:
    """Switch a rule on or off; 404 where there is none."""
    await _edit(ctx, asker, lambda ruleset: rules.set_enabled(ruleset, kind, rule_id, enabled))


async def set_actions(ctx: Context, asker: Asker, kind: str, rule_id: str, actions: Any) -> None:
    """Give a rule other actions; 404 where there is none, 400 for what is no list of actions."""
    await _edit(ctx, asker, lambda ruleset: rules.set_actions(ruleset, kind, rule_id, actions))


async def _edit(ctx: Context, asker: Asker, edit: Edit) -> None:
    def work(tx: Transaction) -> bool:
        before, _ = notifications.find_changes(tx, asker.user)
        ruleset = edit(ruleset_from(asker.user, before))
        if isinstance(ruleset, Refusal):
            raise Refused(ruleset)
        changes = changes_of(ruleset)
        if changes == before:
            return False
        position = tx.record(Fact("push_rules", user=asker.user))
        notifications.put_changes(tx, asker.user, changes, position)
        return True

    await classify_rooms(ctx, asker.user, work)
