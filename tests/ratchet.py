"""The coverage ratchet: prints lines and branches covered by package, and fails below a floor of coverage.toml."""

import json
import sys
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any

FLOORS = Path(__file__).parent / "coverage.toml"
_COUNTED = ("num_statements", "covered_lines", "num_branches", "covered_branches")


def main(report: Path) -> int:
    """Compare a JSON report of coverage with the floors; return the exit code."""
    floors: dict[str, float] = tomllib.loads(FLOORS.read_text())["floors"]
    shares = shares_by_package(json.loads(report.read_text()))
    fallen = [name for name, floor in floors.items() if shares.get(name, 0.0) < floor]
    for name, share in sorted(shares.items()):
        print(f"coverage {name:<14}{share:6.1f} %   floor {floors.get(name, 0.0):5.1f} %")  # noqa: T201
    for name in fallen:
        print(f"coverage of {name} fell below its floor of {floors[name]} %", file=sys.stderr)  # noqa: T201
    return 1 if fallen else 0


def shares_by_package(report: dict[str, Any]) -> dict[str, float]:
    """Return the share of lines and branches covered, in percent rounded down to a tenth, of each package."""
    totals: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for file, entry in report["files"].items():
        statements, lines, branches, taken = (entry["summary"][name] for name in _COUNTED)
        total = totals[_package(file)]
        total[0] += lines + taken
        total[1] += statements + branches
    return {name: int(1000 * covered / whole) / 10 for name, (covered, whole) in totals.items() if whole}


def _package(file: str) -> str:
    inside = file.partition("veche/")[2].split("/")
    return inside[0] if len(inside) > 1 else "veche"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
