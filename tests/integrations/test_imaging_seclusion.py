"""The filter of system calls, run step by step as the kernel runs it, and how the kernel is asked to take it."""

import ctypes
import os
import platform
import struct
import sys
from collections.abc import Callable
from typing import Any

import pytest

from veche.integrations.imaging.seclusion import seclude

ALLOW, KILL, REFUSE = 0x7FFF0000, 0x80000000, 0x00050001
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
PID = 4711

# By the kernel's own tables: asm/unistd_64.h and asm-generic/unistd.h.
ALLOWED = {
    "x86_64": {"read": 0, "write": 1, "mmap": 9, "munmap": 11, "brk": 12, "futex": 202, "exit_group": 231},
    "aarch64": {"read": 63, "write": 64, "mmap": 222, "munmap": 215, "brk": 214, "futex": 98, "exit_group": 94},
}
REFUSED = {
    "x86_64": {
        "open": 2,
        "openat": 257,
        "unlink": 87,
        "socket": 41,
        "connect": 42,
        "clone": 56,
        "fork": 57,
        "execve": 59,
        "kill": 62,
        "ptrace": 101,
        "setrlimit": 160,
        "io_uring_setup": 425,
        "x32 read": 0x40000000,
    },
    "aarch64": {
        "openat": 56,
        "unlinkat": 35,
        "socket": 198,
        "connect": 203,
        "clone": 220,
        "execve": 221,
        "kill": 129,
        "ptrace": 117,
        "setrlimit": 164,
        "io_uring_setup": 425,
    },
}
TOWARDS = {"x86_64": {"tgkill": 234, "prlimit64": 302}, "aarch64": {"tgkill": 131, "prlimit64": 261}}


class Kernel:
    """What stands in for the kernel: it takes a filter and answers each call by it."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, ...]] = []
        self.program = b""
        self.agrees = True
        self.argtypes: list[Any] = []

    def __call__(self, *words: int) -> int:
        self.asked.append(words[:2])
        if words[0] == 22:
            length, address = struct.unpack("HxxxxxxP", ctypes.string_at(words[2], 16))
            self.program = ctypes.string_at(address, length * 8)
        return 0 if self.agrees else -1

    def answers(self, architecture: int, number: int, first: int = 0) -> int:
        """Run the filter over one call."""
        facts = struct.pack("=iIQ6Q", number, architecture, 0, first, 0, 0, 0, 0, 0)
        at = held = 0
        while True:
            code, if_true, if_false, value = struct.unpack_from("HBBI", self.program, at * 8)
            at += 1
            if code == 0x20:
                (held,) = struct.unpack_from("=I", facts, value)
            elif code == 0x15:
                at += if_true if held == value else if_false
            else:
                assert code == 0x06
                return int(value)


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    """A kernel that this process does not run on."""
    made = Kernel()

    class Library:
        prctl = made

    monkeypatch.setattr(ctypes, "CDLL", lambda *words, **more: Library)
    monkeypatch.setattr(os, "getpid", lambda: PID)
    monkeypatch.setattr(sys, "platform", "linux")
    return made


def on(machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the processor be of this kind."""
    monkeypatch.setattr(platform, "machine", lambda: machine)


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_what_a_decoder_may_ask_of_the_kernel(machine: str, kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    on(machine, monkeypatch)
    assert seclude()
    assert kernel.asked == [(38, 1), (22, 2)], "no new privileges first: without that only root may give a filter"
    own = ARCHITECTURES[machine]

    def answers(numbers: dict[str, int], first: int = 0) -> dict[str, int]:
        return {name: kernel.answers(own, number, first) for name, number in numbers.items()}

    assert set(answers(ALLOWED[machine]).values()) == {ALLOW}
    assert set(answers(REFUSED[machine]).values()) == {REFUSE}
    assert answers(TOWARDS[machine], PID) == {"tgkill": ALLOW, "prlimit64": REFUSE}
    assert answers(TOWARDS[machine], 0) == {"tgkill": REFUSE, "prlimit64": ALLOW}
    assert set(answers(TOWARDS[machine], 1).values()) == {REFUSE}
    known = {*ALLOWED[machine].values(), *TOWARDS[machine].values()}
    assert len([number for number in range(600) if kernel.answers(own, number) == ALLOW]) < 40 + len(known)


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_numbers_of_another_processor_end_the_process(
    machine: str, kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    on(machine, monkeypatch)
    seclude()
    i386 = 0x40000003
    for other in {*ARCHITECTURES.values(), i386} - {ARCHITECTURES[machine]}:
        assert {kernel.answers(other, number) for number in range(400)} == {KILL}


def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    on("x86_64", monkeypatch)


def on_another_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    on("riscv64", monkeypatch)


@pytest.mark.parametrize("place", [elsewhere, on_another_processor])
def test_elsewhere_nothing_is_asked(
    place: Callable[[pytest.MonkeyPatch], None], kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(monkeypatch)
    assert not seclude()
    assert kernel.asked == []


def test_a_kernel_that_does_not_agree_is_told_of(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    on("x86_64", monkeypatch)
    kernel.agrees = False
    assert not seclude()
    assert kernel.asked == [(38, 1)]
