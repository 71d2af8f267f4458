"""The decoding process under attack: bombs, truncation, garbage. It answers or dies; the server stays as it was."""

import asyncio
import gc
import logging
import os
import platform
import random
import resource
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from functools import cache
from pathlib import Path

import pytest
from PIL import Image

from tests.effort import effort
from tests.integrations.pictures import (
    corners,
    encoded,
    endless_gif,
    file_of,
    huge_png,
    moving,
    nested_webp,
    riff,
    riff_chunk,
    srgb_profile,
    stuffed_png,
    turned_photograph,
    webp_canvas,
)
from veche.integrations.imaging import decoder, process
from veche.integrations.imaging.jobs import Imaging
from veche.integrations.imaging.records import Bounds, NotAPicture, Picture, PictureTooLarge, Size

SECLUDES = sys.platform == "linux" and platform.machine() in ("x86_64", "aarch64")
SMALL = Size(32, 32, "crop")
FILM = Size(60, 40, animated=True)
MIB = 2**20
MOST_GROWTH = 64 * MIB


async def tried(imaging: Imaging, content: bytes, wanted: Size = SMALL) -> Picture | NotAPicture | PictureTooLarge:
    """Return the picture or the refusal."""
    try:
        return await imaging.thumbnail(file_of(content), wanted)
    except (NotAPicture, PictureTooLarge) as refusal:
        return refusal


async def still_works(imaging: Imaging) -> None:
    """The next picture is made as if nothing had been."""
    picture = await imaging.thumbnail(file_of(turned_photograph(6)), Size(60, 40))
    assert (picture.content_type, picture.width, picture.height) == ("image/jpeg", 60, 40)


@pytest.mark.parametrize("wanted", [SMALL, Size(60, 40), FILM])
async def test_every_kind_is_made_without_opening_anything(imaging: Imaging, wanted: Size) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    see_through = corners(300, 200, "RGBA")
    see_through.putalpha(90)
    for kind in ("JPEG", "PNG", "GIF", "WEBP", "AVIF"):
        content = encoded(corners(300, 200), kind, exif=exif, icc_profile=srgb_profile())
        picture = await imaging.thumbnail(file_of(content), wanted)
        assert picture.content_type == "image/jpeg", kind
    for kind in ("PNG", "GIF", "WEBP", "AVIF"):
        picture = await imaging.thumbnail(file_of(encoded(see_through, kind)), wanted)
        assert picture.content_type in ("image/png", "image/jpeg")
        film = await imaging.thumbnail(file_of(moving(kind, 3)), wanted)
        assert film.content_type == ("image/webp" if wanted.animated else "image/jpeg")
    assert len(imaging.processes) == 1, "it had to be replaced"


@pytest.mark.parametrize("part", [1, 7, 1000, 2**21])
async def test_a_file_may_come_in_any_parts(imaging: Imaging, part: int) -> None:
    content = encoded(corners(60, 40), "JPEG") + (b"\0" * 3 * MIB if part == 2**21 else b"")
    picture = await imaging.thumbnail(file_of(content, part), SMALL)
    assert picture.width == 32


BOMBS: dict[str, Callable[[], bytes]] = {
    "pixels of PNG": lambda: huge_png(50_000, 50_000),
    "pixels of PNG that fit": lambda: huge_png(6_000, 6_000),
    "pixels of GIF": lambda: endless_gif(2, 65_535, 65_535),
    "pixels of WebP": lambda: riff(webp_canvas(16_384, 16_384)),
    "pixels of WebP that overflow": lambda: riff(webp_canvas(2**24, 2**24)),
    "pixels of JPEG": lambda: _resized_jpeg(65_500, 65_500),
    "chunks of text": lambda: stuffed_png(b"zTXt", b"Comment\0\0", 40 * MIB),
    "international text": lambda: stuffed_png(b"iTXt", b"Comment\0\1\0\0\0", 40 * MIB),
    "a colour profile": lambda: stuffed_png(b"iCCP", b"profile\0\0", 40 * MIB),
    "a length without content": lambda: b"\x89PNG\r\n\x1a\n" + struct.pack("!I", 2**31 - 1) + b"IDAT",
    "nested frames": lambda: nested_webp(2_000),
    "a frame without content": lambda: riff(webp_canvas(100, 100), riff_chunk(b"ANMF", bytes(16)) * 2_000),
    "many tiny segments": lambda: b"\xff\xd8" + b"\xff\xe1\0\x02" * 500_000 + b"\xff\xd9",
    "many tiny chunks": lambda: b"\x89PNG\r\n\x1a\n" + (struct.pack("!I", 0) + b"tEXt\0\0\0\0") * 200_000,
}


@pytest.mark.parametrize("name", BOMBS)
async def test_bombs_are_refused(imaging: Imaging, name: str) -> None:
    bomb = _bomb(name)
    before = _memory("self")
    for wanted in (SMALL, FILM):
        refusal = await tried(imaging, bomb, wanted)
        assert isinstance(refusal, NotAPicture | PictureTooLarge)
        assert str(refusal)
    assert _memory("self") - before < MOST_GROWTH
    await still_works(imaging)


@pytest.mark.parametrize("name", ["pixels of PNG", "pixels of GIF", "pixels of WebP", "pixels of JPEG"])
async def test_too_many_pixels_are_called_so(imaging: Imaging, name: str) -> None:
    with pytest.raises(PictureTooLarge):
        await imaging.thumbnail(file_of(_bomb(name)), SMALL)


@pytest.mark.parametrize("wanted", [SMALL, FILM])
async def test_ten_thousand_frames_give_the_first(imaging: Imaging, wanted: Size) -> None:
    picture = await imaging.thumbnail(file_of(endless_gif(10_000, 64, 64)), wanted)
    assert picture.content_type == "image/jpeg"


async def test_a_file_that_never_ends_is_given_up(imaging: Imaging) -> None:
    given = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        yield encoded(corners(60, 40), "JPEG")
        while True:
            given += MIB
            yield b"\0" * MIB

    before = _memory("self")
    with pytest.raises(PictureTooLarge):
        await imaging.thumbnail(endless(), SMALL)
    assert given <= Bounds().source_bytes + MIB
    assert _memory("self") - before < MOST_GROWTH
    await still_works(imaging)


async def test_more_memory_than_allowed_is_a_refusal(runner: asyncio.Runner) -> None:
    narrow = Imaging(Bounds(memory=120 * MIB))
    content = encoded(Image.new("RGB", (6_000, 6_000)), "PNG")
    assert isinstance(await tried(narrow, content), NotAPicture | PictureTooLarge)
    await still_works(narrow)
    await narrow.close()


async def test_the_largest_pictures_that_are_allowed_find_room(imaging: Imaging) -> None:
    for image, kind, options in (
        (Image.new("RGBA", (6_300, 6_300), (10, 20, 30, 40)), "PNG", {"compress_level": 1}),
        (Image.new("P", (6_300, 6_300)), "GIF", {"transparency": 0}),
        (Image.new("RGB", (12_000, 9_000)), "JPEG", {"progressive": True}),
        (Image.new("RGB", (5_000, 5_000), (10, 20, 30)), "WEBP", {"quality": 0, "method": 0}),
        (Image.new("RGBA", (5_000, 5_000), (10, 20, 30, 40)), "WEBP", {"lossless": True, "quality": 0, "method": 0}),
    ):
        picture = await imaging.thumbnail(file_of(encoded(image, kind, **options)), Size(800, 600))
        assert min(picture.width, picture.height) >= 600, kind
        (pid,) = imaging.processes
        assert _memory(str(pid), "VmHWM") <= Bounds().memory


async def test_a_reply_larger_than_allowed_is_a_refusal() -> None:
    narrow = Imaging(Bounds(picture_bytes=1000))
    with pytest.raises(PictureTooLarge):
        await narrow.thumbnail(file_of(encoded(Image.effect_noise((300, 300), 80), "PNG")), Size(300, 300))
    await still_works(narrow)
    await narrow.close()


async def test_a_process_that_computes_for_too_long_is_ended() -> None:
    """A second of a core is the least that can be set; 100 large frames take several."""
    narrow = Imaging(Bounds(cpu_seconds=1, moving_pixels=10**9))
    slow = moving("WEBP", 100, (1_200, 900), lossless=True)
    with pytest.raises(PictureTooLarge):
        await narrow.thumbnail(file_of(slow), Size(1_199, 899, animated=True))
    await still_works(narrow)
    await narrow.close()


WATCHED = "from veche.integrations.imaging.process import main; main()"
UNWATCHED = """
from veche.integrations.imaging import process
process.seclude = lambda: False
process.main()
"""


async def test_a_kernel_that_filters_nothing_is_told_of_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "veche.imaging")
    for program, filters in ((WATCHED, SECLUDES), (UNWATCHED, False)):
        monkeypatch.setattr(decoder, "_COMMAND", (sys.executable, "-S", "-s", "-P", "-B", "-c", program))
        caplog.clear()
        imaging = Imaging()
        await still_works(imaging)
        await still_works(imaging)
        await imaging.close()
        assert ["filters no system calls" in line for line in caplog.messages] == ([] if filters else [True])


async def test_garbage_never_hurts(imaging: Imaging) -> None:
    chance = random.Random(3)
    sound = [turned_photograph(6), moving("GIF", 3), moving("WEBP", 3), moving("PNG", 3), moving("AVIF", 2)]
    sound += [encoded(corners(90, 60, "RGBA"), "PNG", icc_profile=srgb_profile())]
    before = _memory("self")
    outcomes = [
        await tried(imaging, _mutated(chance.choice(sound), chance), chance.choice((SMALL, FILM)))
        for _ in range(effort("mutations"))
    ]
    made = sum(isinstance(each, Picture) for each in outcomes)
    assert 0 < made < len(outcomes), "every mutation went the same way"
    assert _memory("self") - before < MOST_GROWTH
    await still_works(imaging)


async def test_twenty_at_once_take_no_memory_of_the_server(imaging: Imaging) -> None:
    photograph = encoded(corners(4_000, 3_000), "JPEG", quality=95)
    padding = b"\0" * MIB

    async def large() -> AsyncIterator[bytes]:
        yield photograph
        for _ in range(20):
            yield padding

    gc.collect()
    before = _memory("self")
    highest = before

    async def watch() -> None:
        nonlocal highest
        while True:
            highest = max(highest, _memory("self"))
            await asyncio.sleep(0.005)

    watching = asyncio.create_task(watch())
    pictures = await asyncio.gather(*(imaging.thumbnail(large(), Size(320, 240)) for _ in range(20)))
    watching.cancel()
    assert {(each.width, each.height) for each in pictures} == {(320, 240)}
    assert highest - before < MOST_GROWTH
    (pid,) = imaging.processes
    assert _memory(str(pid), "VmHWM") < Bounds().memory


async def test_the_process_may_do_nothing_and_knows_nothing(imaging: Imaging) -> None:
    await still_works(imaging)
    (pid,) = imaging.processes
    folder = Path(f"/proc/{pid}")
    limits = {line[:26].strip(): line[26:].split()[:2] for line in (folder / "limits").read_text().splitlines()}
    assert limits["Max core file size"] == ["0", "0"]
    assert limits["Max file size"] == ["0", "0"]
    assert limits["Max open files"] == ["3", "3"]
    assert limits["Max processes"] == ["0", "0"]
    assert limits["Max address space"] == [str(Bounds().memory)] * 2
    assert int(limits["Max cpu time"][0]) <= 60
    assert sorted(os.listdir(folder / "fd")) == ["0", "1", "2"]
    assert [line.partition("=")[0] for line in (folder / "environ").read_text().split("\0") if line] == ["PYTHONPATH"]
    assert os.sched_getscheduler(pid) == os.SCHED_IDLE
    assert os.getpriority(os.PRIO_PROCESS, pid) == 19
    assert os.getsid(pid) == os.getsid(0), "a session of its own has a full share of the processor"


TAKEN_OVER = """
import os, socket, resource
from veche.integrations.imaging import process
from veche.integrations.imaging.records import Bounds
from veche.integrations.imaging.seclusion import seclude
process.load(Bounds())
process.confine(Bounds())
assert seclude()
os.close(0)
tries = {
    "open": lambda: os.open("/etc/passwd", os.O_RDONLY),
    "connect": lambda: socket.socket(),
    "list": lambda: os.listdir("/"),
    "unlink": lambda: os.unlink("/nonexistent"),
    "rename": lambda: os.rename("/nonexistent", "/nonexistent2"),
    "chmod": lambda: os.chmod("/nonexistent", 0),
    "fork": lambda: os.fork(),
    "run": lambda: os.execv("/bin/true", ["true"]),
    "signal": lambda: os.kill(os.getppid(), 0),
    "limits of others": lambda: resource.prlimit(os.getppid(), resource.RLIMIT_CPU),
}
for name, attempt in tries.items():
    try:
        attempt()
        print(name, "was done")
    except OSError as refused:
        if refused.errno != 1:
            print(name, refused)
resource.setrlimit(resource.RLIMIT_CPU, (50, 60))
"""


@pytest.mark.skipif(not SECLUDES, reason="the kernel's filter is there on Linux with x86-64 and ARM64 only")
async def test_a_decoder_that_was_taken_over_can_do_nothing(imaging: Imaging) -> None:
    await still_works(imaging)
    (pid,) = imaging.processes
    assert _is_filtered(pid)
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    run = [sys.executable, "-c", TAKEN_OVER]
    done = await asyncio.to_thread(subprocess.run, run, capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_confinement_asks_for_no_more_than_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[int, tuple[int, int]] = {}
    monkeypatch.setattr(resource, "setrlimit", asked.__setitem__)
    monkeypatch.setattr(resource, "getrlimit", lambda limit: (1, 1000 if limit == resource.RLIMIT_AS else -1))
    process.confine(Bounds())
    assert asked[resource.RLIMIT_AS] == (1000, 1000)
    assert asked[resource.RLIMIT_NOFILE] == (3, 3)


@cache
def _bomb(name: str) -> bytes:
    return BOMBS[name]()


def _mutated(content: bytes, chance: random.Random) -> bytes:
    """Return a file with some bytes changed, and perhaps a piece cut out, doubled or left off."""
    changed = bytearray(content)
    for _ in range(chance.choice((1, 3, 30))):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    start, end = sorted(chance.sample(range(len(changed)), 2))
    match chance.randrange(5):
        case 0:
            del changed[start:end]
        case 1:
            changed[start:start] = changed[start:end]
        case 2:
            del changed[start:]
    return bytes(changed)


def _resized_jpeg(width: int, height: int) -> bytes:
    content = bytearray(encoded(corners(64, 64), "JPEG"))
    at = content.index(b"\xff\xc0")
    content[at + 5 : at + 9] = struct.pack("!HH", height, width)
    return bytes(content)


def _is_filtered(pid: int) -> bool:
    return "\nSeccomp:\t2\n" in Path(f"/proc/{pid}/status").read_text()


def _memory(pid: str, name: str = "VmRSS") -> int:
    """Return a figure of a process's memory, in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(name)
