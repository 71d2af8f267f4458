"""Actions about what people reported: what ``veche reports`` asks for."""

from typing import Any

import msgspec

from veche.app.actions.handling import Handlers
from veche.commands import moderation as commands
from veche.commands.context import Context
from veche.domain.moderation import ReportState, WantedReports
from veche.domain.sessions import OPERATOR
from veche.queries import moderation as queries
from veche.queries.context import ReadContext

_NEWEST = 2**53 - 1


class ListReports(msgspec.Struct, frozen=True, tag="list reports"):
    """Answer what was reported, the newest first."""

    state: ReportState | None = None
    limit: int = 50


class ShowReport(msgspec.Struct, frozen=True, tag="show report"):
    """Answer one report with what was reported."""

    number: int


class CloseReport(msgspec.Struct, frozen=True, tag="close report"):
    """Close a report; answers its number."""

    number: int
    note: str = ""


async def list_reports(ctx: Context, asking: ReadContext, action: ListReports) -> Any:
    """Return what was reported."""
    return await queries.reports(asking, OPERATOR, WantedReports(_NEWEST, action.limit, action.state))


async def show_report(ctx: Context, asking: ReadContext, action: ShowReport) -> Any:
    """Return one report, as plain values throughout."""
    found = await queries.report(asking, OPERATOR, action.number)
    return {"report": found.report, "events": msgspec.json.decode(found.events), "is_redacted": found.is_redacted}


async def close_report(ctx: Context, asking: ReadContext, action: CloseReport) -> int:
    """Close a report; returns its number."""
    await commands.close_report(ctx, OPERATOR, action.number, action.note)
    return action.number


Action = ListReports | ShowReport | CloseReport
HANDLERS: Handlers = {ListReports: list_reports, ShowReport: show_report, CloseReport: close_report}
