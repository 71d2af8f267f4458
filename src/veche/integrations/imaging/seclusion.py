"""Seclusion: the kernel refuses this process everything but memory, time and the streams it has (Linux, seccomp).

What is allowed is listed by number, for each kind of processor; elsewhere nothing happens, and ``confine`` is all.
"""

import ctypes
import os
import platform
import struct
import sys

import msgspec


class Machine(msgspec.Struct, frozen=True):
    """A kind of processor as the kernel tells it: its number, and the numbers of the calls that stay allowed.

    ``signals`` and ``limits`` are allowed towards this process alone.
    """

    audit: int
    allowed: tuple[int, ...]
    signals: tuple[int, ...]
    limits: int


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split()))


# read write close fstat lseek mmap mprotect munmap brk rt_sigaction rt_sigprocmask rt_sigreturn madvise mremap
# getpid exit gettimeofday getrusage times getppid sigaltstack gettid futex sched_yield setitimer clock_gettime
# clock_nanosleep exit_group restart_syscall getrandom writev readv pread64 rseq membarrier sched_getaffinity
_X86_64 = Machine(
    0xC000003E,
    _numbers(
        "0 1 3 5 8 9 10 11 12 13 14 15 28 25 39 60 96 98 100 110 131 186 202 24 38 228 230 231 219 318 20 19 17"
        " 334 324 204"
    ),
    (234,),
    302,
)
_AARCH64 = Machine(
    0xC00000B7,
    _numbers(
        "63 64 57 80 62 222 226 215 214 134 135 139 233 216 172 93 169 165 153 173 132 178 98 124 103 113 115 94"
        " 128 278 66 65 67 293 283 123"
    ),
    (131,),
    261,
)
_MACHINES = {"x86_64": _X86_64, "aarch64": _AARCH64}

_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050001  # the last one with EPERM
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2


def seclude() -> bool:
    """Give up, for good, what a decoder never asks of the kernel; say whether the kernel has agreed.

    No file can be opened, removed or changed after that, no connection made, no process begun or signalled.
    """
    machine = _MACHINES.get(platform.machine())
    if sys.platform != "linux" or machine is None:
        return False
    program = b"".join(_program(machine, os.getpid()))
    steps = ctypes.create_string_buffer(program, len(program))
    told = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(steps)))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
    asked = ((_NO_NEW_PRIVILEGES, 1, 0, 0, 0), (_SECCOMP, _FILTER, ctypes.addressof(told), 0, 0))
    return all(prctl(*each) == 0 for each in asked)


def _program(machine: Machine, pid: int) -> list[bytes]:
    """Return the filter: each call that is allowed, then those that are for this process alone, then a refusal."""
    steps = [
        _step(_LOAD, 0, 0, _ARCHITECTURE),
        _step(_EQUAL, 1, 0, machine.audit),
        _step(_RETURN, 0, 0, _KILL),
        _step(_LOAD, 0, 0, _NUMBER),
    ]
    for number in machine.allowed:
        steps += [_step(_EQUAL, 0, 1, number), _step(_RETURN, 0, 0, _ALLOW)]
    for number, itself in [*((number, pid) for number in machine.signals), (machine.limits, 0)]:
        steps += [
            _step(_EQUAL, 0, 4, number),
            _step(_LOAD, 0, 0, _FIRST_ARGUMENT),
            _step(_EQUAL, 0, 1, itself),
            _step(_RETURN, 0, 0, _ALLOW),
            _step(_RETURN, 0, 0, _REFUSE),
        ]
    return [*steps, _step(_RETURN, 0, 0, _REFUSE)]


def _step(code: int, if_true: int, if_false: int, value: int) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)
