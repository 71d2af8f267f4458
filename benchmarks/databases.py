"""Makes, copies and drops the PostgreSQL databases of a run. Does nothing with SQLite, where the folder is all."""

import os
from urllib.parse import urlsplit


class Databases:
    """Databases beside the one named by `address`, which is only connected to. An empty address means SQLite."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._made: list[str] = []

    def make(self, template: str = "") -> str:
        """The address of a new database, a copy of the one at `template` if given; '' with SQLite."""
        if not self._address:
            return ""
        name = f"veche_bench_{os.getpid()}_{len(self._made)}"
        copied = f' TEMPLATE "{urlsplit(template).path[1:]}"' if template else " TEMPLATE template0 ENCODING 'UTF8'"
        self._run(f'CREATE DATABASE "{name}"{copied}')
        self._made.append(name)
        return self._named(name)

    def drop_all(self) -> None:
        """Drops what was made."""
        for name in self._made:
            self._run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _run(self, statement: str) -> None:
        import psycopg  # only a run on PostgreSQL needs the driver

        with psycopg.connect(self._address, autocommit=True) as connection:
            connection.execute(statement.encode())

    def _named(self, name: str) -> str:
        parts = urlsplit(self._address)
        return f"{parts.scheme}://{parts.netloc}/{name}" + (f"?{parts.query}" if parts.query else "")
