"""The real server in its own process: started as an operator starts it, on a free port, with its own data folder."""

import os
import re
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.stage.databases import DEFAULTS, Place
from tests.stage.network import Network

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
"""Seconds for the server to answer, and again to stop."""
_MEASURING = {"COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START"}


class Server:
    """A server process. It keeps its port and data when it is started again.

    ``program`` is what Python runs: the command itself, or a copy of it with something planted. ``is_measured``
    lets coverage count it, which slows it down. In a ``network`` of its own it listens everywhere.
    """

    def __init__(
        self,
        place: Place,
        program: tuple[str, ...] = ("-m", "veche"),
        network: Network | None = None,
        **settings: str | int,
    ) -> None:
        self.place = place
        self._network = network
        self.address = network.address if network else "127.0.0.1"
        self.program = program
        self.is_measured = True
        self.port = 0
        self.log = place.data.parent / "server.log"
        self._settings = DEFAULTS | settings | ({"database": place.database} if place.database else {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The base URL."""
        return f"{'https' if self.is_secure else 'http'}://{self.address}:{self.port}"

    @property
    def figures(self) -> str:
        """The address of its figures, as it said when it started."""
        said = re.findall(r"figures for Prometheus are served on (\S+)", self.last_words())
        return f"http://{said[-1]}"

    @property
    def is_secure(self) -> bool:
        """Whether it speaks HTTPS."""
        return self._network is not None or self._settings.get("tls") == "on"

    @property
    def authority(self) -> Path:
        """The certificate authority that a client has to trust, as PEM."""
        return self.place.data / "tls" / "ca.crt"

    def trust(self) -> ssl.SSLContext | None:
        """Return what a client needs to speak to it: the server's own authority trusted, all else as usual."""
        return ssl.create_default_context(cafile=self.authority) if self.is_secure else None

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process is not None
        return self._process.pid

    def start(self, patience: float = PATIENCE) -> "Server":
        """Start and wait until the server answers; fail with its log where it does not within ``patience`` seconds."""
        assert self._process is None, "the server runs already"
        with self.log.open("ab") as log:
            offset = log.tell()
            self._process = subprocess.Popen(self._command(), stdout=log, stderr=log, env=self._environment())
        end = time.monotonic() + patience
        while not self._answers(offset):
            ended = self._process.poll() is not None
            if ended or time.monotonic() > end:
                self.kill()
                raise AssertionError(f"the server {'ended' if ended else 'did not answer'}:\n{self.last_words()}")
            time.sleep(0.01)
        return self

    def change(self, **settings: str | int) -> None:
        """Give settings other values, from the next start on."""
        self._settings = self._settings | settings

    def poke(self, which: signal.Signals) -> None:
        """Send a signal to the process."""
        assert self._process is not None
        self._process.send_signal(which)

    def wait(self) -> int:
        """Wait until the process ends by itself and return its exit code."""
        assert self._process is not None
        process, self._process = self._process, None
        return process.wait(PATIENCE)

    def stop(self) -> int:
        """Stop with SIGTERM and return the exit code; harmless when the server does not run."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Stop with SIGKILL."""
        self._end(signal.SIGKILL)

    def last_words(self, lines: int = 100) -> str:
        """Return the end of the log."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def _end(self, how: signal.Signals) -> int:
        if self._process is None:
            return 0
        process, self._process = self._process, None
        process.send_signal(how)
        try:
            return process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"the server did not end on {how.name}:\n{self.last_words()}") from None

    def _command(self) -> list[str]:
        pairs = [word for name, value in self._settings.items() for word in ("--set", f"{name}={value}")]
        host = "0.0.0.0" if self._network else self.address
        place = ["--data", str(self.place.data), "--host", host, "--port", str(self.port)]
        before = self._network.before if self._network else ()
        return [*before, sys.executable, *self.program, "serve", *place, *pairs]

    def _answers(self, offset: int) -> bool:
        if self.port == 0:
            with self.log.open("rb") as log:
                log.seek(offset)
                address = rf"https?://{re.escape(self.address)}:(\d+)"
                said = re.search(address, log.read().decode(errors="replace"))
            if said is None:
                return False
            self.port = int(said[1])
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=PATIENCE, context=self.trust()) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def _environment(self) -> dict[str, str]:
        """The sources of this checkout come first, so that they are tested even where another build is installed."""
        inherited = {name: value for name, value in os.environ.items() if self.is_measured or name not in _MEASURING}
        path = os.pathsep.join(filter(None, (str(ROOT / "src"), str(ROOT), inherited.get("PYTHONPATH"))))
        return {**inherited, "PYTHONPATH": path}
