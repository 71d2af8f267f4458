"""What people reported: reading it and closing it. For administrators."""

import msgspec

from veche.api.http.contract import Door, Empty, Endpoint
from veche.commands import moderation as commands
from veche.domain.ids import RoomId, UserId
from veche.domain.moderation import MOST_REPORTS, Report, ReportKind, ReportState, WantedReports
from veche.domain.sessions import Asker
from veche.queries import moderation as queries
from veche.queries.moderation import ReportInFull


class ReportsRequest(msgspec.Struct, frozen=True):
    """``GET /reports``: those older than the one numbered ``from``; without filters all."""

    from_: int = msgspec.field(name="from", default=2**53 - 1)
    limit: int = 50
    state: ReportState | None = None
    kind: ReportKind | None = None
    room_id: RoomId | None = None
    user_id: UserId | None = None


class Reports(msgspec.Struct, frozen=True, omit_defaults=True):
    """Reports, the newest first; ``next_batch`` stands where there may be more."""

    reports: list[Report]
    next_batch: int | None = None


class OneReport(msgspec.Struct, frozen=True):
    """``GET /reports/{number}``."""

    number: str


class ClosingBody(msgspec.Struct, frozen=True):
    """What became of it; other administrators can read it."""

    note: str = ""


class ClosingRequest(msgspec.Struct, frozen=True):
    """``POST /reports/{number}/close``."""

    number: str
    body: ClosingBody


async def reports(door: Door, asker: Asker, request: ReportsRequest) -> Reports:
    """Show what was reported."""
    limit = max(1, min(request.limit, MOST_REPORTS))
    wanted = WantedReports(request.from_, limit, request.state, request.kind, request.room_id, request.user_id)
    found = await queries.reports(door.queries, asker, wanted)
    return Reports(found, found[-1].number if len(found) == limit else None)


async def report(door: Door, asker: Asker, request: OneReport) -> ReportInFull:
    """Show one report, with what a reported event said then."""
    return await queries.report(door.queries, asker, _number(request.number))


async def close(door: Door, asker: Asker, request: ClosingRequest) -> Empty:
    """Close a report with a note."""
    await commands.close_report(door.commands, asker, _number(request.number), request.body.note)
    return Empty()


def _number(text: str) -> int:
    """What is no number names no report."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


_ONE = "/_veche/v1/reports/{number}"

ENDPOINTS = (
    Endpoint("GET", "/_veche/v1/reports", "administrator", "read", ReportsRequest, Reports, reports),
    Endpoint("GET", _ONE, "administrator", "read", OneReport, ReportInFull, report),
    Endpoint("POST", f"{_ONE}/close", "administrator", "write", ClosingRequest, Empty, close, body_optional=True),
)
