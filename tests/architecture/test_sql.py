"""SQL stands in storage, beside the function that runs it; one text for both databases."""

import re

import pytest

from tests.architecture.source import modules, texts

SQL = re.compile(
    r"\b(SELECT\s.+\sFROM\s|INSERT\s+INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|(CREATE|ALTER|DROP)\s+TABLE\s)", re.S
)
ONE_DIALECT = re.compile(r"\b(AUTOINCREMENT|INSERT OR |REPLACE INTO|ILIKE|JSONB?_|IFNULL|datetime\(|now\(\)|::|GLOB)\b")


def test_sql_stays_in_storage() -> None:
    found = [
        f"{module.place}:{line} {text[:60]}"
        for module in modules()
        for text, line in texts(module)
        if module.package != "storage" and SQL.search(text)
    ]
    assert found == []


def test_sql_is_written_for_both_databases() -> None:
    found = [
        f"{module.place}:{line} {text[:60]}"
        for module in modules()
        for text, line in texts(module)
        if module.package == "storage" and ".engines." not in module.name
        if SQL.search(text) and ONE_DIALECT.search(text)
    ]
    assert found == []


@pytest.mark.parametrize(
    "text", ["SELECT a FROM b ", "INSERT INTO x (y) VALUES (?)", "UPDATE x SET y = 1", "DELETE FROM x WHERE y = 1"]
)
def test_sql_would_be_noticed(text: str) -> None:
    assert SQL.search(text)
