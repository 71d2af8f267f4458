"""Actions about people from a table: what ``veche user import`` asks for, some of them at a time."""

import msgspec

from veche.app.actions.handling import Handlers
from veche.commands import accounts as commands
from veche.commands.context import Context
from veche.domain.accounts.importing import NewPerson, Verdict
from veche.domain.sessions import OPERATOR
from veche.queries import accounts as queries
from veche.queries.context import ReadContext


class JudgePeople(msgspec.Struct, frozen=True, tag="judge people"):
    """Answer what an import would make of these people."""

    people: tuple[NewPerson, ...]


class ImportPeople(msgspec.Struct, frozen=True, tag="import people"):
    """Make accounts for those who have none; answers what became of each."""

    people: tuple[NewPerson, ...]


async def judge_people(ctx: Context, asking: ReadContext, action: JudgePeople) -> list[Verdict]:
    """Judge people."""
    return await queries.judge_people(asking, OPERATOR, action.people)


async def import_people(ctx: Context, asking: ReadContext, action: ImportPeople) -> list[Verdict]:
    """Import people."""
    return await commands.import_people(ctx, OPERATOR, action.people)


Action = JudgePeople | ImportPeople
HANDLERS: Handlers = {JudgePeople: judge_people, ImportPeople: import_people}
