"""Somebody's push rules as they are now: the default ones with their own changes."""

from veche.domain.notifications import PushRule, Ruleset, find_rule, ruleset_from
from veche.domain.refusals import Refusal, Refused
from veche.domain.sessions import Asker
from veche.queries.context import ReadContext
from veche.storage import notifications


async def ruleset(ctx: ReadContext, asker: Asker) -> Ruleset:
    """Return all rules of the asker."""
    changes, _ = await ctx.reader.run(lambda at: notifications.find_changes(at, asker.user))
    return ruleset_from(asker.user, changes)


async def rule(ctx: ReadContext, asker: Asker, kind: str, rule_id: str) -> PushRule:
    """Return one rule of the asker; raises 404 where there is none."""
    found = find_rule(await ruleset(ctx, asker), kind, rule_id)
    if isinstance(found, Refusal):
        raise Refused(found)
    return found
