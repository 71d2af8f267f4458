"""What a question found, beside its target, and how it is written down. Decides only whether a target was met."""

from collections.abc import Iterable, Sequence

import msgspec

from benchmarks.floors import Floor


class Measure(msgspec.Struct, frozen=True):
    """One figure. `cpu_us` is the CPU of one operation in microseconds, where a ratio to the floors has a meaning."""

    label: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None
    cpu_us: float | None = None
    synapse: str = ""
    """What Synapse 1.163 with SQLite showed on a comparable machine."""

    @property
    def target(self) -> str:
        """The bound as text."""
        if self.at_most is not None:
            return f"≤ {self.at_most:g}"
        return f"≥ {self.at_least:g}" if self.at_least is not None else ""

    @property
    def is_met(self) -> bool | None:
        """None where there is no target."""
        if self.at_most is not None:
            return self.value <= self.at_most
        return self.value >= self.at_least if self.at_least is not None else None


class Result(msgspec.Struct, frozen=True):
    """The answer to one question. `floor` is the mean of the looks just before and just after it."""

    question: str
    title: str
    measures: tuple[Measure, ...]
    floor: Floor
    notes: tuple[str, ...] = ()


class Report(msgspec.Struct, frozen=True):
    """A whole run, as it is kept under results/."""

    contestant: str
    version: str
    database: str
    machine: str
    date: str
    is_short: bool
    results: tuple[Result, ...]


def cpu(label: str, micros: float, at_most: float | None = None, synapse: str = "", unit: str = "µs") -> Measure:
    """CPU of one operation; `at_most` is in `unit`, which is µs or ms."""
    shown = micros / 1000 if unit == "ms" else micros
    return Measure(label, shown, f"{unit} CPU", at_most=at_most, cpu_us=micros, synapse=synapse)


def without_targets(measures: Iterable[Measure]) -> tuple[Measure, ...]:
    """The same figures where the targets do not apply: a peer, another engine."""
    return tuple(msgspec.structs.replace(each, at_most=None, at_least=None) for each in measures)


HEADS = ("question", "figure", "value", "target", "", "× asyncio", "× ASGI", "Synapse, SQLite")


def rows(result: Result) -> list[tuple[str, ...]]:
    """One row per figure, in the order of HEADS."""
    return [
        (
            result.question if number == 0 else "",
            each.label,
            f"{shown(each.value)} {each.unit}",
            each.target,
            {None: "", True: "met", False: "NOT met"}[each.is_met],
            "" if each.cpu_us is None else f"{each.cpu_us / result.floor.asyncio:.1f}",
            "" if each.cpu_us is None else f"{each.cpu_us / result.floor.asgi:.1f}",
            each.synapse,
        )
        for number, each in enumerate(result.measures)
    ]


def text_table(report: Report) -> str:
    """The table that stands on the screen."""
    table = [HEADS, *(row for result in report.results for row in rows(result))]
    widths = [max(len(row[column]) for row in table) for column in range(len(HEADS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join([*_about(report), "", *lines, "", *_notes(report.results)])


def markdown(report: Report) -> str:
    """The same as a page."""
    lines = [f"# {report.contestant} {report.version}, {report.date}", "", *(f"- {line}" for line in _about(report))]
    lines += ["", _row(HEADS), _row(["---"] * len(HEADS))]
    lines += [_row(row) for result in report.results for row in rows(result)]
    lines += ["", "What each question asked:", ""]
    lines += [f"- **{each.question}**: {each.title}" for each in report.results]
    return "\n".join([*lines, "", *(f"- {line}" for line in _notes(report.results)), ""])


def shown(value: float) -> str:
    """Three figures that matter."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _about(report: Report) -> list[str]:
    about = [f"{report.contestant} {report.version} on {report.database}; {report.machine}; {report.date}"]
    if report.is_short:
        about.append("a smoke run: smaller questions, figures not comparable")
    return about


def _notes(results: Sequence[Result]) -> list[str]:
    floors = [each.floor for each in results]
    if not floors:
        return []
    low, high = min(each.asyncio for each in floors), max(each.asyncio for each in floors)
    ends = f"floor of one long poll during the run: bare asyncio {low:.1f}–{high:.1f} µs CPU"
    low, high = min(each.asgi for each in floors), max(each.asgi for each in floors)
    told = [f"{each.question}: {note}" for each in results for note in each.notes]
    return [f"{ends}, empty ASGI {low:.1f}–{high:.1f} µs CPU", *told]


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
