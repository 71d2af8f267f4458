"""Where in the data folder the copy of a database is made.

That disk answers at once; the one that backups are for may be slow, or far away.
"""

import shutil
from pathlib import Path

NAME = "backup.work"


def work_folder(data: Path) -> Path:
    """Return the folder."""
    return data / NAME


def clear_work(data: Path) -> None:
    """Remove what a backup that was killed left there."""
    shutil.rmtree(data / NAME, ignore_errors=True)
