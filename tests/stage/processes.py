"""What becomes of processes that tests do not wait for themselves."""

from pathlib import Path


def is_dead(pid: int) -> bool:
    """Say whether nothing but a process's entry is left, if that: it stays as long as nobody asks how it ended.

    An orphan's parent is the machine's first process, and in a container that may never ask.
    """
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return True
