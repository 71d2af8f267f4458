"""Moderation: locking and suspending people, reporting, and closing reports."""

from veche.commands.moderation.reporting import close_report, report_event, report_room, report_user
from veche.commands.moderation.restricting import lift, restrict

__all__ = ["close_report", "lift", "report_event", "report_room", "report_user", "restrict"]
