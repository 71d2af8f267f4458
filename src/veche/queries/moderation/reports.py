"""Reports as administrators read them: a list, and one with what was reported."""

import msgspec

from veche.domain.accounts import may_oversee
from veche.domain.moderation import MOST_REPORTS, NO_REPORT, Report, WantedReports
from veche.domain.refusals import Refused, refuse
from veche.domain.sessions import Asker
from veche.queries.context import ReadContext
from veche.storage import moderation, timeline
from veche.storage.reader import Snapshot


class ReportInFull(msgspec.Struct, frozen=True):
    """A report, and for a reported event what it and its newest edit said when it was reported.

    ``is_redacted`` says that the event has been redacted since.
    """

    report: Report
    events: msgspec.Raw
    is_redacted: bool


async def reports(ctx: ReadContext, asker: Asker, wanted: WantedReports) -> list[Report]:
    """Return reports, the newest first; for administrators."""
    refuse(may_oversee(asker))
    bounded = msgspec.structs.replace(wanted, limit=max(1, min(wanted.limit, MOST_REPORTS)))
    return await ctx.reader.run(lambda at: moderation.reports(at, bounded))


async def report(ctx: ReadContext, asker: Asker, number: int) -> ReportInFull:
    """Return one report with what was reported; for administrators. Raises 404 where there is none."""
    refuse(may_oversee(asker))

    def read(at: Snapshot) -> ReportInFull:
        found = moderation.find_report(at, number)
        if found is None:
            raise Refused(NO_REPORT)
        event = None
        if found.room_id is not None and found.event_id is not None:
            event = timeline.find(at, found.room_id, found.event_id)
        is_redacted = event is not None and event.redaction is not None
        return ReportInFull(found, msgspec.Raw(moderation.reported_events(at, number)), is_redacted)

    return await ctx.reader.run(read)
