"""A PostgreSQL cluster for one test session: its own folder, a Unix socket only, another user when run by root.

Nothing here may touch a cluster that was not made here.
"""

import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg

from veche.storage.engines.postgres import PostgresEngine
from veche.storage.schema import migrate

OLDEST = 15
PATIENCE = 60.0
_TEMPLATE = "veche_template"
_GUARD = '"$@" & read -r _; kill -INT $!; wait $!'
"""Stops the cluster as soon as its input ends: when it is closed, or when the tests' process is gone."""
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "log_min_messages": "fatal",
}


class Missing(Exception):
    """PostgreSQL is not installed here."""


class Cluster:
    """A running cluster; ``fresh`` makes an empty, migrated database in it."""

    def __init__(self) -> None:
        self._programs = _programs()
        self._account = _account()
        self._folder = Path(tempfile.mkdtemp(prefix="veche-pg-"))
        self._made = 0
        if self._account:
            shutil.chown(self._folder, self._account)
        self._process = self._start()
        self._query("postgres", f"CREATE DATABASE {_TEMPLATE}")
        migrate(PostgresEngine(self.url(_TEMPLATE)))

    def url(self, database: str) -> str:
        """Return the address of one of the cluster's databases."""
        return f"postgresql://veche@/{database}?host={self._folder}"

    def fresh(self) -> str:
        """Make a migrated database and return its address."""
        self._made += 1
        name = f"test_{self._made}"
        self._query("postgres", f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        return self.url(name)

    def empty(self) -> str:
        """Make a database without any table and return its address."""
        self._made += 1
        name = f"test_{self._made}"
        self._query("postgres", f"CREATE DATABASE {name} TEMPLATE template0")
        return self.url(name)

    def copy(self, url: str) -> str:
        """Make a copy of a database of ours, which nobody may be using, and return its address."""
        self._made += 1
        name = f"test_{self._made}"
        self._query("postgres", f"CREATE DATABASE {name} TEMPLATE {_name_in(url)}")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Drop a database that was made here, whoever still uses it."""
        self._query("postgres", f"DROP DATABASE {_name_in(url)} WITH (FORCE)")

    def close(self) -> None:
        """Stop the cluster at once and remove its folder."""
        self._process.communicate()  # the guard sees its input end
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> "subprocess.Popen[bytes]":
        data = self._folder / "data"
        # An ICU locale sorts as people do: whatever relies on the order of bytes is found here.
        locale = ["--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en"]
        initdb, postgres = str(self._programs / "initdb"), str(self._programs / "postgres")
        command = [initdb, "-D", str(data), "-U", "veche", "-A", "trust", "--no-sync", *locale]
        subprocess.run(command, check=True, capture_output=True, cwd=self._folder, **self._as_user())
        settings = [f"-c{name}={value}" for name, value in _SETTINGS.items()]
        with (self._folder / "log").open("wb") as log:
            process = subprocess.Popen(
                ["sh", "-c", _GUARD, "sh", postgres, "-D", str(data), "-k", str(self._folder), *settings],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                **self._as_user(),
            )
        self._wait_until_ready(process)
        return process

    def _wait_until_ready(self, process: "subprocess.Popen[bytes]") -> None:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return self._query("postgres", "SELECT 1")
            except psycopg.OperationalError:
                if process.poll() is not None or time.monotonic() > end:
                    raise AssertionError((self._folder / "log").read_text()) from None
                time.sleep(0.05)

    def _query(self, database: str, sql: str) -> None:
        with psycopg.connect(self.url(database), autocommit=True) as db:
            db.execute(sql.encode())

    def _as_user(self) -> dict[str, Any]:
        """PostgreSQL refuses to run as root."""
        return {"user": self._account, "group": _group(self._account), "extra_groups": []} if self._account else {}


def _name_in(url: str) -> str:
    name = re.search(r"@/(test_\d+)\?", url)
    assert name is not None
    return name[1]


def _programs() -> Path:
    """Return the folder of the newest PostgreSQL server's programs; raise ``Missing`` where there is none."""
    debian = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    debian.sort(key=lambda path: int(path.parent.name), reverse=True)
    found = shutil.which("initdb")
    candidates = [*debian, *([Path(found).resolve().parent] if found else [])]
    for folder in candidates:
        if _version(folder) >= OLDEST:
            return folder
    raise Missing(f"PostgreSQL {OLDEST} or newer is not installed (Debian: apt-get install postgresql)")


def _version(folder: Path) -> int:
    shown = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    number = re.search(r"(\d+)", shown)
    return int(number[1]) if number else 0


def _account() -> str | None:
    """Return whom to run the cluster as: nobody else unless we are root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        return "nobody"


def _group(account: str) -> int:
    return pwd.getpwnam(account).pw_gid
