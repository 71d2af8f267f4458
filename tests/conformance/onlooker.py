"""Looks on at all tests: every answer that the stage's clients are given is held against the specification's files.

A test that provoked an answer outside them fails, whatever it asserts itself; and a run of all tests fails where an
operation that is said to be served has answered nobody well.
"""

import json
from collections.abc import Generator
from typing import Any

import pytest

from docs.pages.coverage import operations as listed
from tests.conformance import events, specification
from tests.conformance.answers import JSON, Exchanged, faults_of
from tests.conformance.listed import unlisted
from tests.conformance.operations import meant
from tests.stage import witness

_SEEN = "conformance"


class Onlooker:
    """A part of pytest's run."""

    def __init__(self) -> None:
        self._faults: list[str] = []
        self._answers = 0
        self._served = set[str]()
        self._theirs = set[str]()
        if specification.is_here():
            witness.look_on(self._see)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self) -> Generator[None]:
        """Let what a test begins with be made, and fail it where an answer was not what the specification says."""
        yield from self._judged()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None]:
        """Let a test run, and fail it likewise."""
        yield from self._judged()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self) -> Generator[None]:
        """Let all be taken down, and fail the test likewise."""
        yield from self._judged()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what one of several processes has seen."""
        seen = getattr(node, "workeroutput", {}).get(_SEEN, {"answers": 0, "served": []})
        self._answers += seen["answers"]
        self._served.update(seen["served"])

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hand over what was seen, or judge the whole run by it."""
        handing = getattr(session.config, "workeroutput", None)
        if handing is not None:
            handing[_SEEN] = {"answers": self._answers, "served": sorted(self._served)}
        elif self._missing(session.config) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
    ) -> None:
        """Say what was held against the specification; loudly where nothing was, or something is not served at all."""
        if not specification.is_here():
            terminalreporter.section("conformance", sep="!", red=True, bold=True)
            terminalreporter.line(specification.absence())
            return
        told = f"{self._answers} answers held against the specification, {len(self._served)} operations answered well"
        terminalreporter.section("conformance")
        terminalreporter.line(told)
        for name in self._missing(config):
            terminalreporter.line(f"said to be served, and answered nobody well: {name}", red=True)

    def _judged(self) -> Generator[None]:
        """Let a step be taken. One that raises has failed by itself; its answers are not the next one's."""
        try:
            yield
        finally:
            faults, self._faults = sorted(set(self._faults)), []
        if faults:
            told = "\n".join(faults)
            pytest.fail(f"Answers that the specification does not allow:\n{told}", pytrace=False)

    def _missing(self, config: pytest.Config) -> list[str]:
        """What a run of all tests should have seen served."""
        if not specification.is_here() or not _runs_everything(config):
            return []
        return [one.name for one in listed() if one.standing == "served" and one.name not in self._served]

    def _see(self, method: str, path: str, answer: witness.Answered) -> None:
        if answer.status == 0 or method == "HEAD":  # the client has gone before there was one; a HEAD has no body
            return
        seen = Exchanged(method, path, answer.status, answer.headers, answer.bytes)
        self._answers += 1
        self._faults += [f"{fault} [{path}]" for fault in unlisted(faults_of(seen))]
        if answer.status < 400:
            self._served.update(one.raw["operationId"] for one in meant(method, path))
        if answer.status == 200 and answer.headers.get("content-type", "").startswith(JSON):
            self._see_events(method, path, json.loads(answer.bytes))

    def _see_events(self, method: str, path: str, body: Any) -> None:
        """State that somebody set is theirs wherever it is seen; what the server made is held against the schemas."""
        if method == "PUT" and "/state/" in path:
            self._theirs.add(body["event_id"])
        self._faults += [f"{method} {path} {fault}" for fault in events.faults_in(body, self._theirs)]


def _runs_everything(config: pytest.Config) -> bool:
    option = config.option
    is_whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    return is_whole and not (option.keyword or option.markexpr or option.collectonly or getattr(option, "lf", False))
