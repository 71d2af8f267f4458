"""The ``veche`` command in a process whose memory is never writable and executable, as its systemd unit runs it.

``python -m tests.stage.confined serve …``; ``is_possible`` says whether this machine's kernel knows that.
"""

import ctypes
import mmap
import subprocess
import sys

_SET_MDWE, _REFUSE_EXEC_GAIN = 65, 1
_CHECK = "from tests.stage.confined import confine; confine()"


def confine() -> None:
    """Give up such memory, for this process and all it starts; raises ``OSError`` where that is not possible."""
    if ctypes.CDLL(None).prctl(_SET_MDWE, _REFUSE_EXEC_GAIN, 0, 0, 0) != 0:
        raise OSError("the kernel does not know PR_SET_MDWE")
    try:
        mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    except PermissionError:
        return
    raise OSError("such memory can still be had")


def is_possible() -> bool:
    """Try it in another process."""
    return subprocess.run([sys.executable, "-c", _CHECK], capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    confine()
    from veche.app.cli import main

    main()
