"""The loop of the decoding process, run within the test: the same code, without its confinement."""

import io
import os
import resource
import signal
import sys
from typing import Any

import msgspec
import pytest
from PIL import Image, PngImagePlugin

from tests.integrations.pictures import corners, encoded
from veche.integrations.imaging import process, thumbnails
from veche.integrations.imaging.pipe import END_OF_FILE, LENGTH, framed, read_message, read_parts
from veche.integrations.imaging.records import Answer, Bounds, PictureTooLarge, Size

PICTURE = encoded(corners(200, 200), "JPEG")
WISH = framed(msgspec.msgpack.encode(Size(32, 32, "crop")))


@pytest.fixture(autouse=True)
def unwatched(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """No alarm and no limit may end the tests' own process; what was asked for is returned."""
    asked: list[Any] = []
    monkeypatch.setattr(signal, "setitimer", lambda which, seconds: asked.append(seconds))
    monkeypatch.setattr(resource, "setrlimit", lambda which, values: asked.append((which, values)))
    return asked


def answers_to(wishes: bytes, bounds: Bounds | None = None, *, is_secluded: bool = True) -> list[tuple[Answer, bytes]]:
    """Return what the process answers, with the bodies."""
    out = io.BytesIO()
    process.serve(io.BytesIO(wishes), out, bounds or Bounds(), is_secluded=is_secluded)
    out.seek(0)
    found = []
    while (message := read_message(out)) is not None:
        answer = msgspec.msgpack.decode(message, type=Answer)
        found.append((answer, out.read(answer.length)))
    return found


def test_wishes_are_answered_in_order() -> None:
    wish = WISH + framed(PICTURE[:100]) + framed(PICTURE[100:]) + END_OF_FILE
    (first, body), (second, _) = answers_to(wish + WISH + framed(b"garbage") + END_OF_FILE)
    assert (first.fault, first.content_type, first.width, first.height) == ("", "image/jpeg", 32, 32)
    assert Image.open(io.BytesIO(body)).size == (32, 32)
    assert second.fault == "not a picture"


def test_each_answer_tells_whether_the_kernel_watches() -> None:
    for watches in (True, False):
        ((answer, _),) = answers_to(WISH + framed(b"garbage") + END_OF_FILE, is_secluded=watches)
        assert answer.is_secluded is watches


def test_refusals_are_told() -> None:
    wish = WISH + framed(PICTURE) + END_OF_FILE
    for bounds in (Bounds(jpeg_pixels=1), Bounds(picture_bytes=1)):
        ((answer, body),) = answers_to(wish, bounds)
        assert (answer.fault, body) == ("too large", b"")


def test_want_of_memory_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def hungry(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(thumbnails, "thumbnail", hungry)
    ((answer, _),) = answers_to(WISH + framed(PICTURE) + END_OF_FILE)
    assert (answer.fault, "memory" in answer.reason) == ("too large", True)


def test_each_picture_is_watched(unwatched: list[Any]) -> None:
    answers_to(WISH + framed(PICTURE) + END_OF_FILE, Bounds(seconds=7, cpu_seconds=5))
    alarm, (limit, (soft, _)), off = unwatched
    assert alarm > 7
    assert limit == resource.RLIMIT_CPU
    spent = resource.getrusage(resource.RUSAGE_SELF)
    assert soft <= spent.ru_utime + spent.ru_stime + 6
    assert off == 0


@pytest.mark.parametrize("wishes", [b"", b"\0\0", WISH + LENGTH.pack(100) + b"cut off", LENGTH.pack(2**31)])
def test_an_end_in_the_middle_is_the_end(wishes: bytes) -> None:
    if len(wishes) < LENGTH.size:
        assert answers_to(wishes) == []
    else:
        with pytest.raises(EOFError):
            answers_to(wishes)


def test_a_part_that_is_too_long_is_not_read() -> None:
    with pytest.raises(EOFError):
        [*read_parts(io.BytesIO(LENGTH.pack(2**30)))]


def test_the_process_prepares_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """In order: everything imported, priority given up, confined; then it serves until its input ends."""
    steps: list[str] = []

    def secludes() -> bool:
        steps.append("seclude")
        return True

    monkeypatch.setattr(sys, "argv", ["-c", msgspec.json.encode(Bounds(seconds=7)).decode()])
    monkeypatch.setattr(process, "load", lambda bounds: steps.append(f"load {bounds.seconds:g}"))
    monkeypatch.setattr(process, "confine", lambda bounds: steps.append("confine"))
    monkeypatch.setattr(process, "seclude", secludes)
    monkeypatch.setattr(signal, "signal", lambda name, _: steps.append(f"deaf to {signal.Signals(name).name}"))
    monkeypatch.setattr(os, "setpriority", lambda which, who, nice: steps.append(f"nice {nice}"))
    monkeypatch.setattr(os, "sched_setscheduler", lambda *_: steps.append("idle"))
    monkeypatch.setattr(process, "serve", lambda *_, is_secluded: steps.append(f"serve {is_secluded}"))
    process.main()
    deaf = [f"deaf to {name}" for name in ("SIGINT", "SIGTERM", "SIGHUP")]
    assert steps == ["load 7", *deaf, "nice 19", "idle", "confine", "seclude", "serve True"]


def test_other_readers_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    for where, name in (
        *((Image, name) for name in ("OPEN", "ID")),
        *((PngImagePlugin, name) for name in ("MAX_TEXT_CHUNK", "MAX_TEXT_MEMORY")),
        (Image, "MAX_IMAGE_PIXELS"),
    ):
        value = getattr(where, name)
        monkeypatch.setattr(where, name, value.copy() if isinstance(value, dict | list) else value)
    Image.init()
    assert "TIFF" in Image.OPEN
    process.load(Bounds(pixels=1000))
    assert set(Image.OPEN) == set(Image.ID) == {"JPEG", "PNG", "GIF", "WEBP", "AVIF"}
    with pytest.raises(PictureTooLarge):  # by Pillow itself
        thumbnails.thumbnail(io.BytesIO(encoded(corners(40, 40), "WEBP")), Size(8, 8), Bounds())
