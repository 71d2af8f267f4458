"""Timeline: events, their relations and threads. Appending, reading and redacting stand in files of their own."""

from veche.storage.timeline.appending import append, find_transaction
from veche.storage.timeline.reading import (
    after,
    around_time,
    at_positions,
    find,
    find_all,
    page,
)
from veche.storage.timeline.redacting import redact
from veche.storage.timeline.relating import (
    RelatedEvent,
    as_edited,
    children,
    children_of_any_kind,
    descendants,
    is_annotated,
    newest_edits,
)
from veche.storage.timeline.threads import (
    Thread,
    ThreadSummary,
    thread_summaries,
    threads,
    threads_written_in,
    writers_before,
)

__all__ = [
    "RelatedEvent",
    "Thread",
    "ThreadSummary",
    "after",
    "append",
    "around_time",
    "as_edited",
    "at_positions",
    "children",
    "children_of_any_kind",
    "descendants",
    "find",
    "find_all",
    "find_transaction",
    "is_annotated",
    "newest_edits",
    "page",
    "redact",
    "thread_summaries",
    "threads",
    "threads_written_in",
    "writers_before",
]
