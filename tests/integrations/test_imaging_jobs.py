"""The queue before the decoding process: order, bounds, and what happens when processes or clients go away."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integrations.pictures import corners, encoded, file_of, moving
from tests.stage.processes import is_dead
from tests.stage.server import ROOT
from tests.stage.waiting import until
from veche.domain.refusals import Refused
from veche.integrations.imaging import decoder
from veche.integrations.imaging.jobs import Imaging
from veche.integrations.imaging.records import Bounds, DecoderDied, NotAPicture, PictureTooLarge, Size

SMALL = Size(32, 32, "crop")
PICTURE = encoded(corners(200, 200), "JPEG")


class Held:
    """A file whose first part comes at once and whose end when it is let go."""

    def __init__(self) -> None:
        self.has_begun, self._may_end = asyncio.Event(), asyncio.Event()

    async def parts(self) -> AsyncIterator[bytes]:
        """Return the file, once."""
        yield PICTURE[:100]
        self.has_begun.set()
        await self._may_end.wait()
        yield PICTURE[100:]

    def let_go(self) -> None:
        """Let the rest come."""
        self._may_end.set()


async def works(imaging: Imaging) -> None:
    """A picture is made."""
    assert (await imaging.thumbnail(file_of(PICTURE), SMALL)).width == 32


async def has_ended(pid: int) -> None:
    """Wait until a process is gone, and its entry with it."""
    await until(lambda: not Path(f"/proc/{pid}").exists(), 0.005)


async def has_died(pid: int) -> None:
    """Wait until nothing but a process's entry is left, if that."""
    await until(lambda: is_dead(pid), 0.005)


async def test_nothing_is_started_before_the_first_picture(imaging: Imaging) -> None:
    assert not imaging.processes
    with pytest.raises(NotAPicture):
        await imaging.thumbnail(file_of(b"no picture, as one sees at once" * 10_000), SMALL)
    with pytest.raises(NotAPicture):
        await imaging.thumbnail(file_of(b""), SMALL)
    assert not imaging.processes
    await works(imaging)
    assert len(imaging.processes) == 1


async def test_one_process_makes_many_pictures(imaging: Imaging) -> None:
    await works(imaging)
    first = imaging.processes
    await asyncio.gather(*(works(imaging) for _ in range(20)))
    with pytest.raises(NotAPicture):
        await imaging.thumbnail(file_of(PICTURE[:500]), SMALL)
    assert imaging.processes == first


async def test_one_after_another(imaging: Imaging) -> None:
    first, second = Held(), Held()
    tasks = [asyncio.create_task(imaging.thumbnail(held.parts(), SMALL)) for held in (first, second)]
    await first.has_begun.wait()
    await asyncio.sleep(0.05)
    assert not second.has_begun.is_set()
    first.let_go()
    await second.has_begun.wait()
    assert tasks[0].done()
    second.let_go()
    await asyncio.gather(*tasks)
    assert len(imaging.processes) == 1


async def test_several_at_once_where_that_is_wanted() -> None:
    imaging = Imaging(at_once=2)
    held = [Held(), Held()]
    tasks = [asyncio.create_task(imaging.thumbnail(each.parts(), SMALL)) for each in held]
    for each in held:
        await each.has_begun.wait()
    assert len(imaging.processes) == 2
    for each in held:
        each.let_go()
    await asyncio.gather(*tasks)
    await imaging.close()
    assert not imaging.processes


async def test_too_long_a_queue_is_refused() -> None:
    imaging = Imaging(longest_queue=2)
    held = Held()
    waiting = [asyncio.create_task(imaging.thumbnail(held.parts(), SMALL)), asyncio.create_task(works(imaging))]
    await held.has_begun.wait()
    with pytest.raises(Refused) as refused:
        await works(imaging)
    assert refused.value.refusal.status == 503
    held.let_go()
    await asyncio.gather(*waiting)
    await works(imaging)
    await imaging.close()


async def test_a_process_is_replaced_after_its_share_of_pictures() -> None:
    imaging = Imaging(jobs_each=2)
    seen: set[int] = set()
    for _ in range(2):
        await works(imaging)
        seen.update(imaging.processes)
        await works(imaging)
        assert not imaging.processes
    assert len(seen) == 2
    await imaging.close()


async def test_a_process_without_work_is_ended() -> None:
    imaging = Imaging(idle_seconds=0.05)
    await works(imaging)
    (pid,) = imaging.processes
    await has_ended(pid)
    assert not imaging.processes
    await works(imaging)
    await imaging.close()


async def test_a_process_that_somebody_ended_between_two_pictures_is_replaced(imaging: Imaging) -> None:
    await works(imaging)
    (pid,) = imaging.processes
    os.kill(pid, signal.SIGKILL)
    await has_died(pid)
    await works(imaging)
    assert imaging.processes != (pid,)


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGSEGV])
async def test_a_process_that_dies_at_work_costs_one_picture(imaging: Imaging, sent: signal.Signals) -> None:
    held = Held()
    working = asyncio.create_task(imaging.thumbnail(held.parts(), SMALL))
    await held.has_begun.wait()
    (pid,) = imaging.processes
    os.kill(pid, sent)
    held.let_go()
    with pytest.raises(DecoderDied):
        await working
    await has_ended(pid)
    await works(imaging)


async def test_a_process_that_the_kernel_ends_for_its_time_says_so(imaging: Imaging) -> None:
    held = Held()
    working = asyncio.create_task(imaging.thumbnail(held.parts(), SMALL))
    await held.has_begun.wait()
    os.kill(imaging.processes[0], signal.SIGXCPU)
    held.let_go()
    with pytest.raises(PictureTooLarge, match="time"):
        await working
    await works(imaging)


async def test_a_process_that_dies_while_much_is_sent(imaging: Imaging) -> None:
    async def large() -> AsyncIterator[bytes]:
        yield PICTURE
        os.kill(imaging.processes[0], signal.SIGKILL)
        for _ in range(32):
            yield b"\0" * 2**20

    with pytest.raises(DecoderDied):
        await imaging.thumbnail(large(), SMALL)
    await works(imaging)


async def test_who_goes_away_leaves_nothing_behind(imaging: Imaging) -> None:
    held = Held()
    working = asyncio.create_task(imaging.thumbnail(held.parts(), SMALL))
    await held.has_begun.wait()
    (pid,) = imaging.processes
    behind = asyncio.create_task(works(imaging))
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    await has_ended(pid)
    await behind


async def test_who_goes_away_from_the_queue_is_forgotten(imaging: Imaging) -> None:
    held = Held()
    working = asyncio.create_task(imaging.thumbnail(held.parts(), SMALL))
    await held.has_begun.wait()
    behind = asyncio.create_task(works(imaging))
    await asyncio.sleep(0)
    behind.cancel()
    held.let_go()
    await working
    await works(imaging)
    assert behind.cancelled()


@pytest.mark.parametrize("begins_like_one", [True, False])
async def test_what_the_source_raises_passes_through(imaging: Imaging, begins_like_one: bool) -> None:
    class Lost(Exception):
        pass

    async def lost() -> AsyncIterator[bytes]:
        if begins_like_one:
            yield PICTURE[:100]
        raise Lost

    with pytest.raises(Lost):
        await imaging.thumbnail(lost(), SMALL)
    await works(imaging)


@pytest.mark.parametrize("begins_like_one", [True, False])
async def test_a_source_that_stalls_does_not_hold_up_the_others(begins_like_one: bool) -> None:
    imaging = Imaging(Bounds(seconds=0.3))

    async def stalled() -> AsyncIterator[bytes]:
        yield PICTURE[:100] if begins_like_one else b"x"
        await asyncio.Event().wait()

    with pytest.raises(Refused) as refused:
        await imaging.thumbnail(stalled(), SMALL)
    assert refused.value.refusal.status == 503
    await imaging.close()


async def test_a_process_that_has_no_time_is_ended_and_the_picture_not_blamed() -> None:
    imaging = Imaging(Bounds(seconds=0.3, moving_pixels=10**9))
    slow = moving("WEBP", 60, (1_200, 900), lossless=True)
    with pytest.raises(Refused) as refused:
        await imaging.thumbnail(file_of(slow), Size(1_199, 899, animated=True))
    assert refused.value.refusal.status == 503
    assert not imaging.processes
    await imaging.close()


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_who_ends_the_whole_service_does_not_spoil_the_picture_under_work(
    imaging: Imaging, sent: signal.Signals
) -> None:
    await works(imaging)
    held = Held()
    working = asyncio.create_task(imaging.thumbnail(held.parts(), SMALL))
    await held.has_begun.wait()
    os.kill(imaging.processes[0], sent)
    held.let_go()
    assert (await working).width == 32


async def test_a_process_ends_with_its_parent() -> None:
    program = """
import asyncio, os, signal, sys
from tests.integrations.pictures import corners, encoded, file_of
from veche.integrations.imaging.jobs import Imaging
from veche.integrations.imaging.records import Size

async def main():
    imaging = Imaging()
    await imaging.thumbnail(file_of(encoded(corners(20, 20), "JPEG")), Size(8, 8))
    print(*imaging.processes, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    command = (sys.executable, "-c", program)
    parent = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, env=environment)
    told, _ = await parent.communicate()
    assert parent.returncode == -signal.SIGKILL
    await has_died(int(told))


async def test_closing_ends_everything_at_once() -> None:
    imaging = Imaging()
    await works(imaging)
    held = Held()
    working = asyncio.create_task(imaging.thumbnail(held.parts(), SMALL))
    behind = asyncio.create_task(works(imaging))
    await held.has_begun.wait()
    (pid,) = imaging.processes
    await imaging.close()
    await has_ended(pid)
    held.let_go()
    for waiting in (working, behind):
        with pytest.raises(Refused):
            await waiting
    with pytest.raises(Refused):
        await works(imaging)
    assert not imaging.processes


async def test_closing_in_the_middle_of_a_picture_keeps_nothing() -> None:
    """The process has answered, and the answer is on its way, when the server stops."""
    imaging = Imaging()
    working = asyncio.create_task(works(imaging))
    await until(lambda: bool(imaging.processes))
    await imaging.close()
    with pytest.raises(Refused):
        await working
    assert not imaging.processes


LIES = {
    "nothing at all": "pass",
    "an endless message": "os.write(1, b'\\xff' * 100_000); time.sleep(1000)",
    "no message": "os.write(1, b'\\0\\0\\0\\5hello'); time.sleep(1000)",
    "half a message": "os.write(1, b'\\0\\0\\0\\5he')",
    "a body that is too long": "say(Answer(length=2**40)); time.sleep(1000)",
    "a body that is negative": "say(Answer(length=-1)); time.sleep(1000)",
    "a body that is cut off": "say(Answer(length=100)); os.write(1, b'x')",
}


@pytest.mark.parametrize("lie", LIES)
async def test_a_process_that_foreign_bytes_took_over_is_not_believed(
    lie: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = f"""
import os, time, msgspec
from veche.integrations.imaging.pipe import framed, read_message, read_parts
from veche.integrations.imaging.records import Answer
say = lambda answer: os.write(1, framed(msgspec.msgpack.encode(answer)))
wishes = open(0, "rb")
read_message(wishes), [*read_parts(wishes)]
{LIES[lie]}
"""
    monkeypatch.setattr(decoder, "_COMMAND", (sys.executable, "-c", program))
    imaging = Imaging()
    with pytest.raises(DecoderDied):
        await imaging.thumbnail(file_of(PICTURE), SMALL)
    assert not imaging.processes
    await imaging.close()


async def test_where_no_process_can_be_started_the_client_is_asked_to_come_back(
    imaging: Imaging, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoder, "_COMMAND", ("/nowhere/python",))
    with pytest.raises(Refused) as refused:
        await works(imaging)
    assert refused.value.refusal.status == 503
    monkeypatch.undo()
    await works(imaging)


async def test_where_no_socket_is_left_the_client_is_asked_to_come_back(
    imaging: Imaging, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left() -> tuple[socket.socket, socket.socket]:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(socket, "socketpair", none_left)
    with pytest.raises(Refused):
        await works(imaging)
