"""The page and the diagram of the database, from the migrations: what the tables are, and what they point at."""

import re
import tempfile
from html import escape
from pathlib import Path

import apsw
import msgspec

from veche.storage.engines.sqlite import SqliteEngine
from veche.storage.schema import migrate, migrations

HEAD = """\
# Database

*Made from `src/veche/storage/migrations/` by `python -m docs.generate`.*

The tables by the migration that makes them. Every column named `position` is a place in the one log. Times end in `_ts`
and are milliseconds since 1970.

![All tables with their columns](database.svg)
"""
REFERENCES = {
    "user_id": "accounts",
    "sender": "accounts",
    "creator": "accounts",
    "signer": "accounts",
    "room_id": "rooms",
    "device_id": "devices",
    "event_id": "events",
    "parent_id": "events",
    "position": "log",
}
"""What columns of these names point at. SQLite is not asked to enforce it: one writer does."""
WIDTH, ROW, GAP, HEADER = 250, 16, 18, 24
COLUMNS = 4


class Column(msgspec.Struct, frozen=True):
    """One column."""

    name: str
    type: str
    is_key: bool
    may_be_empty: bool


class Table(msgspec.Struct, frozen=True):
    """One table, with what its migration says of it."""

    name: str
    comment: str
    columns: list[Column]

    @property
    def height(self) -> int:
        """Its height in the diagram."""
        return HEADER + ROW * len(self.columns) + 6


def page() -> str:
    """Return the whole page."""
    parts = [HEAD]
    for subject, tables in _subjects():
        parts.append(f"\n## {subject}\n")
        for table in tables:
            said = f" {table.comment}" if table.comment else ""
            parts.append(f"\n**{table.name}**{' — ' if said else ''}{said.strip()}\n\n")
            parts.append("| column | type | key | points at |\n|---|---|---|---|\n")
            parts += [_row(table, column) for column in table.columns]
    return "".join(parts)


def diagram() -> str:
    """Return the diagram as SVG: tables as boxes, in columns, in the order of their making."""
    boxes: list[str] = []
    heights = [GAP] * COLUMNS
    for subject, tables in _subjects():
        for table in tables:
            at = heights.index(min(heights))
            boxes.append(_box(table, subject, GAP + at * (WIDTH + GAP), heights[at]))
            heights[at] += table.height + GAP
    width, height = GAP + COLUMNS * (WIDTH + GAP), max(heights)
    style = "text{font:11px sans-serif}.t{font-weight:bold;font-size:12px}.r{fill:#777}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">\n'
        f'<style>{style}</style>\n<rect width="{width}" height="{height}" fill="#fff"/>\n' + "".join(boxes) + "</svg>\n"
    )


def _row(table: Table, column: Column) -> str:
    empty = "" if not column.may_be_empty else ", may be empty"
    key = "yes" if column.is_key else ""
    return f"| {column.name} | {column.type.lower()}{empty} | {key} | {_target(table, column)} |\n"


def _box(table: Table, subject: str, x: int, y: int) -> str:
    parts = [
        f'<g><rect x="{x}" y="{y}" width="{WIDTH}" height="{table.height}" rx="4" fill="#fafafa" stroke="#999"/>',
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEADER - 4}" rx="4" fill="#dde6ee"/>',
        f'<text class="t" x="{x + 8}" y="{y + 14}">{escape(table.name)}</text>',
        f'<text class="r" x="{x + WIDTH - 8}" y="{y + 14}" text-anchor="end">{escape(subject.lower())}</text>',
    ]
    for number, column in enumerate(table.columns):
        line = y + HEADER + ROW * number + 10
        mark = "◆ " if column.is_key else ""
        parts.append(f'<text x="{x + 8}" y="{line}">{mark}{escape(column.name)}</text>')
        target = _target(table, column)
        if target:
            parts.append(f'<text class="r" x="{x + WIDTH - 8}" y="{line}" text-anchor="end">→ {escape(target)}</text>')
    return "\n".join(parts) + "</g>\n"


def _target(table: Table, column: Column) -> str:
    target = REFERENCES.get(column.name, "")
    return "" if target == table.name else target


def _subjects() -> list[tuple[str, list[Table]]]:
    """Return (subject, tables) for each migration."""
    with tempfile.TemporaryDirectory() as folder:
        engine = SqliteEngine(Path(folder) / "schema.sqlite3")
        migrate(engine)
        schema = apsw.Connection(str(Path(folder) / "schema.sqlite3"))
        found = [(name[5:-4].replace("_", " ").capitalize(), _tables(schema, text)) for name, text in migrations()]
        schema.close()
        engine.close()
    return [(subject, tables) for subject, tables in found if tables]


def _tables(schema: apsw.Connection, text: str) -> list[Table]:
    made = re.finditer(r"((?:^--[^\n]*\n)*)CREATE TABLE (\w+)", text, re.M)
    return [Table(name, _comment(comment), _columns(schema, name)) for comment, name in (one.groups() for one in made)]


def _comment(lines: str) -> str:
    return " ".join(line.removeprefix("--").strip() for line in lines.splitlines()).replace("``", "`")


def _columns(schema: apsw.Connection, table: str) -> list[Column]:
    rows = schema.execute(f"SELECT name, type, pk, \"notnull\" FROM pragma_table_info('{table}')").fetchall()
    return [Column(str(name), str(kind), bool(key), not filled and not key) for name, kind, key, filled in rows]
