"""The process that decodes: reads wishes from standard input, writes pictures to standard output, one after another.

It has nothing to lose: no environment, no files, no network, no more processes, little memory and little time.
"""

import contextlib
import importlib
import io
import math
import os
import resource
import signal
import sys
from typing import BinaryIO

import msgspec

from veche.integrations.imaging.pipe import read_message, read_parts, write_message
from veche.integrations.imaging.records import Answer, Bounds, NotAPicture, Picture, PictureTooLarge, Size
from veche.integrations.imaging.seclusion import seclude

_GRACE_SECONDS = 2.0
"""The parent ends a process that is over its time; this one's own alarm is for when the parent cannot."""
_LEAST_PRIORITY = 19
_STANDARD_STREAMS = 3
_IMPORTED_ON_THE_WAY = ("PIL.TiffImagePlugin", "PIL.ImageColor", "PIL.ImagePalette", "copy")
"""What Pillow imports only when it meets EXIF, transparent colours or palettes."""


def main() -> None:
    """Serve until standard input ends; the only argument is ``Bounds`` as JSON."""
    bounds = msgspec.json.decode(sys.argv[1], type=Bounds)
    with open(0, "rb", closefd=False) as wishes, open(1, "wb", closefd=False) as answers:
        load(bounds)
        step_back()
        confine(bounds)
        serve(wishes, answers, bounds, is_secluded=seclude())


def load(bounds: Bounds) -> None:
    """Import everything that a picture may need, before no file can be opened any more, and forget other readers."""
    from PIL import AvifImagePlugin, Image, PngImagePlugin

    from veche.integrations.imaging import colours, thumbnails

    Image.preinit()
    for name in _IMPORTED_ON_THE_WAY:
        importlib.import_module(name)
    known = {reader.format for reader in thumbnails.READERS.values()}
    for name in [*Image.OPEN]:
        if name not in known:
            del Image.OPEN[name]
    Image.ID[:] = [name for name in Image.ID if name in known]
    Image.MAX_IMAGE_PIXELS = bounds.pixels // 2  # Pillow itself refuses at twice this number
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    PngImagePlugin.MAX_TEXT_CHUNK = colours.LARGEST_PROFILE
    PngImagePlugin.MAX_TEXT_MEMORY = 4 * colours.LARGEST_PROFILE


def step_back() -> None:
    """Let everybody else go first: what people wait for is being sent meanwhile.

    No session of its own: the kernel would give that a full share of the processor (autogroups). So a terminal or
    service manager that ends the server reaches this process too; but it goes when its parent does, and not before:
    else the picture under work would seem to have killed it.
    """
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    os.setpriority(os.PRIO_PROCESS, 0, _LEAST_PRIORITY)
    with contextlib.suppress(AttributeError, OSError):  # Linux only
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def confine(bounds: Bounds) -> None:
    """Give up, for good, what a decoder does not need."""
    for limit, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _STANDARD_STREAMS),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_AS, bounds.memory),
    ):
        allowed = resource.getrlimit(limit)[1]
        most = most if allowed == resource.RLIM_INFINITY else min(most, allowed)
        resource.setrlimit(limit, (most, most))


def serve(wishes: BinaryIO, answers: BinaryIO, bounds: Bounds, *, is_secluded: bool) -> None:
    """Answer one wish after the other until there are no more."""
    while (wish := read_message(wishes)) is not None:
        wanted = msgspec.msgpack.decode(wish, type=Size)
        source = io.BytesIO()
        for part in read_parts(wishes):
            source.write(part)
        source.seek(0)
        _watch(bounds)
        answer, body = _answer(source, wanted, bounds)
        _watch(None)
        answer = msgspec.structs.replace(answer, is_secluded=is_secluded)
        write_message(answers, msgspec.msgpack.encode(answer), body)


def _watch(bounds: Bounds | None) -> None:
    """Let the kernel end this process when it takes too long."""
    if bounds is None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        return
    signal.setitimer(signal.ITIMER_REAL, bounds.seconds + _GRACE_SECONDS)
    spent = resource.getrusage(resource.RUSAGE_SELF)
    most = math.ceil(spent.ru_utime + spent.ru_stime) + bounds.cpu_seconds
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _answer(source: BinaryIO, wanted: Size, bounds: Bounds) -> tuple[Answer, bytes]:
    from veche.integrations.imaging.thumbnails import thumbnail

    try:
        made = thumbnail(source, wanted, bounds)
    except NotAPicture as refusal:
        return Answer("not a picture", str(refusal)), b""
    except PictureTooLarge as refusal:
        return Answer("too large", str(refusal)), b""
    except MemoryError:
        return Answer("too large", "The picture takes too much memory."), b""
    if len(made.body) > bounds.picture_bytes:
        return Answer("too large", "The thumbnail would be too large."), b""
    return _announced(made), made.body


def _announced(made: Picture) -> Answer:
    return Answer("", "", made.content_type, made.width, made.height, len(made.body))
