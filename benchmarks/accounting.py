"""What the operating system says a process used: CPU time and memory, with its descendants. No opinion about it."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec


class Memory(msgspec.Struct, frozen=True):
    """KiB held: `pss` counts shared pages by share, `rss` counts them whole."""

    pss: int
    rss: int


class Lap(msgspec.Struct, frozen=True):
    """What passed between two looks at the clock: CPU seconds of the server and of this driver, wall seconds."""

    cpu: float
    wall: float
    driver: float

    def micros_per(self, operations: int) -> float:
        """CPU microseconds for each of `operations`."""
        return self.cpu * 1e6 / max(operations, 1)

    @property
    def driver_note(self) -> str:
        """How busy the driver was; near one core it, and not the server, limited the load."""
        return f"driver {self.driver / self.wall:.0%} busy"

    @property
    def cores(self) -> float:
        """How many cores the server kept busy."""
        return self.cpu / self.wall if self.wall else 0.0


class Meter:
    """A stop-watch on the CPU of one process tree."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._cpu = cpu_seconds(pid)
        self._wall = time.perf_counter()
        self._driver = time.process_time()

    def lap(self) -> Lap:
        """What was used since the meter was made or last read; starts the next lap."""
        cpu, wall, driver = cpu_seconds(self._pid), time.perf_counter(), time.process_time()
        passed = Lap(cpu - self._cpu, wall - self._wall, driver - self._driver)
        self._cpu, self._wall, self._driver = cpu, wall, driver
        return passed


def cpu_seconds(pid: int) -> float:
    """User and system seconds of `pid` and its live descendants, all their threads, also those that ended."""
    return sum(_cpu_of_one(each) for each in family(pid))


def memory(pid: int) -> Memory:
    """Memory of `pid` and its live descendants from `smaps_rollup`."""
    pss = rss = 0
    for each in family(pid):
        try:
            lines = Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        fields = dict(line.split(":", 1) for line in lines[1:])
        pss += int(fields["Pss"].split()[0])
        rss += int(fields["Rss"].split()[0])
    return Memory(pss, rss)


def begin_peak(pid: int) -> int:
    """KiB that `pid` alone holds now; from here on its peak is counted anew."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return _status(pid, "VmRSS")


def peak(pid: int) -> int:
    """The most KiB that `pid` alone held since `begin_peak`."""
    return _status(pid, "VmHWM")


def family(pid: int) -> Iterator[int]:
    """`pid` and every descendant that lives now."""
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found = children.read_text().split()
        except OSError:
            continue
        for child in found:
            yield from family(int(child))


def _status(pid: int, name: str) -> int:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.partition(f"{name}:")[2].split()[0])


def _cpu_of_one(pid: int) -> float:
    # Every Linux process has a CPU clock that counts nanoseconds; its number is made from the process id, as
    # clock_getcpuclockid(3) does it.
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return _ticks_of_one(pid)


def _ticks_of_one(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    user, system = text.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
