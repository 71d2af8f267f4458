"""What is written for people is true: files that the tour names exist, and generated pages are fresh."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from docs import generate
from tests.architecture.source import ROOT
from veche.app.settings import SETTINGS

PATHS = re.compile(r"`((?:[\w.-]+/)+[\w.-]*)`")
TREES = (ROOT, ROOT / "src" / "veche", ROOT / "docs")


@pytest.mark.parametrize("page", ["tour.md", "operate.md"])
def test_every_file_a_page_names_exists(page: str) -> None:
    named = PATHS.findall((ROOT / "docs" / page).read_text())
    missing = [name for name in named if not any((tree / name).exists() for tree in TREES)]
    assert not missing
    assert named or page != "tour.md", "the tour leads nowhere"


@pytest.mark.parametrize("name", sorted(generate.PAGES))
def test_generated_pages_are_fresh(name: str) -> None:
    written = ROOT / "docs" / name
    assert written.read_text() == generate.PAGES[name](), f"run: python -m docs.generate (docs/{name} is stale)"


def test_the_documentation_builds_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--quiet", "-d", str(tmp_path / "trees")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    built = subprocess.run(
        [*command, str(ROOT / "docs"), str(tmp_path / "html")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (built.returncode, built.stderr) == (0, "")
    assert "A tour of the house" in (tmp_path / "html" / "tour.html").read_text()


def test_every_setting_is_explained() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    for setting in SETTINGS:
        assert setting.text.endswith("."), setting.name
        assert setting.name in page
        assert setting.variable in page


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    notes = "\n".join(path.read_text() for path in (ROOT / "docs" / "decisions").glob("*.md"))
    for dependency in project["dependencies"]:
        name = re.split(r"[\[<>=~ ]", dependency)[0]
        assert re.search(rf"\b{re.escape(name)}\b", notes), f"docs/decisions does not say why {name}"


def test_every_decision_is_numbered_and_listed() -> None:
    names = sorted(path.stem for path in (ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    listed = (ROOT / "docs" / "index.md").read_text()
    assert [name for name in names if f"decisions/{name}" not in listed] == []


def test_the_changelog_knows_this_version() -> None:
    from veche import __version__

    assert __version__ in (ROOT / "CHANGELOG.md").read_text()
