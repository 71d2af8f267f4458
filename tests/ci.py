"""Whether this is CI, where a program or file that a test needs has to be there; elsewhere such a test is skipped."""

import os


def is_ci() -> bool:
    """Say whether ``CI`` is set to anything but nothing, 0 and false."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")
