"""Reports: an event, a room or a person that somebody wants administrators to look at (section Reporting Content).

Who may see the reported thing is not known here.
"""

from typing import Any, Final, Literal

import msgspec

from veche.domain.ids import EventId, RoomId, UserId
from veche.domain.refusals import Refusal, bad_state, invalid_param, not_found

ReportKind = Literal["event", "room", "user"]
ReportState = Literal["open", "closed"]

LONGEST_REPORT: Final = 2_000  # characters
MOST_REPORTS: Final = 200
"""How many are read at once."""

NO_EVENT = not_found("The event was not found, or you are not joined to its room.")
NO_REPORT = not_found("There is no such report.")
CLOSED_ALREADY = bad_state("This report is closed already.")


class NewReport(msgspec.Struct, frozen=True):
    """What is reported, and why. ``user`` is who is reported, or who sent the reported event.

    ``events`` are a reported event and its newest edit as the reporter could read them then: JSON arrays.
    ``score`` is what older clients say, from -100 (most offensive) to 0.
    """

    kind: ReportKind
    reason: str
    room: RoomId | None = None
    event: EventId | None = None
    user: UserId | None = None
    score: int | None = None
    events: bytes = b"[]"


class Report(msgspec.Struct, frozen=True):
    """A report as administrators see it in the list; times in milliseconds.

    ``closed_by`` is None while it is open, and where whoever runs the server closed it.
    """

    number: int
    ts: int
    reporter: UserId
    kind: ReportKind
    room_id: RoomId | None
    event_id: EventId | None
    user_id: UserId | None
    reason: str
    score: int | None
    state: ReportState
    closed_ts: int | None
    closed_by: UserId | None
    note: str


class WantedReports(msgspec.Struct, frozen=True):
    """Which reports are wanted, numbered below ``before``; None stands for all."""

    before: int
    limit: int
    state: ReportState | None = None
    kind: ReportKind | None = None
    room: RoomId | None = None
    user: UserId | None = None


def may_be_report(reason: str) -> Refusal | None:
    """Say whether a report may give this reason."""
    if len(reason) > LONGEST_REPORT or "\x00" in reason:
        return invalid_param(f"A reason has at most {LONGEST_REPORT} characters and no NUL.", "reason")
    return None


def score_from(given: Any) -> int | None:
    """Return the score of a report where a client gives one; the specification dropped it with v1.18."""
    return given if type(given) is int and -100 <= given <= 0 else None
