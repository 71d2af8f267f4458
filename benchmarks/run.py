"""The command line of the benchmarks: chooses questions, asks them in turn, prints and keeps the answers."""

import argparse
import asyncio
import datetime
import gc
import os
import platform
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

import msgspec
import uvloop

from benchmarks.contestants import ROOT, Contestant, synapse, veche
from benchmarks.databases import Databases
from benchmarks.floors import Floors, mean, start_floors
from benchmarks.question import Question
from benchmarks.questions import QUESTIONS
from benchmarks.results import Report, Result, markdown, text_table, without_targets
from benchmarks.scale import FULL, LARGE, PEER, SHORT
from benchmarks.server import CORES, pin_driver
from benchmarks.towns import Towns

RESULTS = ROOT / "benchmarks" / "results"


def main() -> int:
    """Runs what the command line asks for; 1 if a question could not be answered, whether targets are met or not."""
    wish = _wish()
    contestant = synapse() if wish.peer == "synapse" else veche()
    pin_driver()
    with tempfile.TemporaryDirectory(prefix="veche-bench-", dir=wish.folder) as folder:
        report, failed = uvloop.run(_run(wish, contestant, Path(folder)))
    print(text_table(report))
    if wish.write:
        _keep(report, wish.write)
    for name in failed:
        print(f"NOT ANSWERED: {name}")
    return 1 if failed else 0


def _wish() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bin/bench", description="Puts questions to a server and prints what it cost."
    )
    parser.add_argument("questions", nargs="*", metavar="QUESTION", help=f"one or more of: {', '.join(QUESTIONS)}")
    parser.add_argument("--peer", choices=["synapse"], help="measure this server instead of Veche")
    parser.add_argument("--database", default="", metavar="postgresql://…", help="Veche on PostgreSQL")
    parser.add_argument("--short", action="store_true", help="a smoke run: small questions, figures mean little")
    parser.add_argument("--large", action="store_true", help="the questions about large databases at their full size")
    parser.add_argument("--write", metavar="NAME", help="keep the answers as benchmarks/results/DATE-NAME.md and .json")
    parser.add_argument("--folder", metavar="DIR", help="where data is kept during the run; its disk counts")
    wish = parser.parse_args()
    unknown = [name for name in wish.questions if name not in QUESTIONS]
    if unknown:
        parser.error(f"no such question: {', '.join(unknown)}; there are {', '.join(QUESTIONS)}")
    if wish.peer and wish.database:
        parser.error("--database is for Veche only")
    return wish


async def _run(wish: argparse.Namespace, contestant: Contestant, folder: Path) -> tuple[Report, list[str]]:
    me = asyncio.current_task()
    assert me is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, me.cancel)  # so that no server is left behind
    scale = SHORT if wish.short else PEER if wish.peer else LARGE if wish.large else FULL
    chosen = {name: QUESTIONS[name] for name in wish.questions or QUESTIONS}
    people = max(question.people(scale) for question in chosen.values())
    databases = Databases(wish.database)
    towns = Towns(contestant, databases, scale, people, folder, is_sqlite=not wish.database)
    floors = await start_floors(folder)
    results: list[Result] = []
    failed: list[str] = []
    try:
        for name, question in chosen.items():
            result = await _ask(name, question, towns, floors, keeps_targets=not wish.peer)
            if result is None:
                failed.append(name)
            else:
                results.append(result)
    finally:
        await floors.stop()
        databases.drop_all()
    return _report(wish, contestant, folder, tuple(results)), failed


async def _ask(name: str, question: Question, towns: Towns, floors: Floors, keeps_targets: bool) -> Result | None:
    """The floors are measured just before and just after, because the machine's pace drifts."""
    scale, began = towns.scale, time.perf_counter()
    print(f"{name}: {question.title(scale)} …", file=sys.stderr, flush=True)
    gc.collect()
    gc.freeze()
    gc.disable()  # a collection in the driver would look like a slow server
    try:
        before = await floors.measure(question.connections(scale))
        answer = await question.ask(towns)
        after = await floors.measure(question.connections(scale))
    except Exception:
        traceback.print_exc()
        print((towns.folder / "server.log").read_text(errors="replace")[-2000:], file=sys.stderr)
        return None
    finally:
        gc.enable()
        gc.unfreeze()
    print(f"  answered in {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    measures = answer.measures if keeps_targets else without_targets(answer.measures)
    return Result(name, question.title(scale), measures, mean(before, after), answer.notes)


def _report(wish: argparse.Namespace, contestant: Contestant, folder: Path, results: tuple[Result, ...]) -> Report:
    interpreter, load = platform.python_version(), os.getloadavg()[0]
    return Report(
        contestant=contestant.name,
        version=contestant.version,
        database="PostgreSQL" if wish.database else f"SQLite on {_file_system(folder)}",
        machine=f"{len(CORES)} cores, {_processor()}, Python {interpreter}, load {load:.1f}",
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        is_short=wish.short,
        results=results,
    )


def _keep(report: Report, name: str) -> None:
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{report.date}-{name}"
    path.with_suffix(".md").write_text(markdown(report))
    path.with_suffix(".json").write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    print(f"kept as {path}.md and .json", file=sys.stderr)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _file_system(folder: Path) -> str:
    best = ("", "unknown")
    for line in Path("/proc/mounts").read_text().splitlines():
        _, mount, kind, *_ = line.split()
        if folder.is_relative_to(mount) and len(mount) > len(best[0]):
            best = (mount, kind)
    return best[1]


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit("interrupted; every server was stopped")
