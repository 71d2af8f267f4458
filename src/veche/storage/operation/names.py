"""How the files of a backup are called."""

DATABASE = "database.sqlite3"
"""The copy of an SQLite database."""
TABLES = "tables"
LIST, NAMES = "media", "media.names"
"""Which contents a backup refers to; where that is sealed, under which names they lie beside the backups as well."""
MANIFEST, SEALED_MANIFEST = "manifest.json", "manifest.sealed"
CONTENTS, KEY = "media", "key.json"
"""The folder of contents that backups share, and in a sealed group of them the key that a passphrase opens."""


def table_file(table: str) -> str:
    """Return the name of the file with the rows of a PostgreSQL table."""
    return f"{TABLES}/{table}.copy"
