"""Calls to systemd, and where it keeps its units."""

import os
import subprocess
from pathlib import Path

import msgspec

from veche.app.cli.faults import Fault

_RUNNING = Path("/run/systemd/system")
_PATIENCE_SECONDS = 90


class Systemd(msgspec.Struct, frozen=True):
    """The system's instance, or the one of the calling user. ``root`` is where the machine's files begin.

    Below another root than / only files are written: that machine does not run.
    """

    is_users: bool
    root: Path = Path("/")

    @property
    def folder(self) -> Path:
        """Where an administrator's units lie."""
        if not self.is_users:
            return self.root / "etc/systemd/system"
        configuration = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
        return self.root / configuration.lstrip("/") / "systemd/user"

    @property
    def is_running(self) -> bool:
        """Whether it can be called: it runs this machine, and the caller's session where that matters."""
        return self.root == Path("/") and _RUNNING.is_dir()

    def call(self, *words: str) -> None:
        """Call systemctl; fails with what it says."""
        done = self._run(*words)
        if done.returncode != 0:
            raise Fault(f"systemctl {' '.join(words)}: {_one_line(done.stderr or done.stdout)}")

    def ask(self, *words: str) -> str:
        """Return the first word of what systemctl answers, whatever its exit code: enabled, active, failed …"""
        return (self._run(*words).stdout.split() or ["unknown"])[0]

    def _run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        command = ["systemctl", *(["--user"] if self.is_users else []), "--no-ask-password", *words]
        try:
            return subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as fault:
            raise Fault(f"systemctl cannot be called: {fault}") from None


def _one_line(text: str) -> str:
    return " ".join(text.split()) or "it failed"
