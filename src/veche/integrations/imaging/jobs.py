"""The queue before the decoding processes: few at once, one after another, started when needed and ended when idle."""

import asyncio
from collections.abc import AsyncIterator

from veche.domain.refusals import Refusal, Refused
from veche.integrations.imaging import decoder
from veche.integrations.imaging.decoder import Decoder
from veche.integrations.imaging.kinds import HEAD, kind_of
from veche.integrations.imaging.records import Bounds, NotAPicture, Picture, Size

LONGEST_QUEUE = 100
JOBS_EACH = 100
"""After so many pictures a process is replaced: whatever leaked or was left behind in it goes."""
IDLE_SECONDS = 30.0
BUSY = Refusal(
    "M_UNKNOWN", 503, "Too many pictures are being made smaller; please try again.", extra={"retry_after_ms": 2000}
)


class Imaging:
    """Makes thumbnails in at most ``at_once`` processes. Belongs to one event loop."""

    def __init__(
        self,
        bounds: Bounds | None = None,
        *,
        at_once: int = 1,
        longest_queue: int = LONGEST_QUEUE,
        jobs_each: int = JOBS_EACH,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._bounds = bounds or Bounds()
        self._longest_queue, self._jobs_each, self._idle_seconds = longest_queue, jobs_each, idle_seconds
        self._turns = asyncio.Semaphore(at_once)
        self._waiting = 0
        self._is_closed = False
        self._busy: set[Decoder] = set()
        self._idle: dict[Decoder, asyncio.TimerHandle] = {}
        self._ending: set[asyncio.Future[int]] = set()

    @property
    def processes(self) -> tuple[int, ...]:
        """The numbers of the processes that live now."""
        return tuple(each.pid for each in (*self._busy, *self._idle))

    async def thumbnail(self, source: AsyncIterator[bytes], wanted: Size) -> Picture:
        """Return a picture of at least the wished size where the source has it (Client-Server API, "Thumbnails").

        Raises ``NotAPicture`` and ``PictureTooLarge``, which speak of the picture, and ``Refused`` (503) where too
        many wait, the source stalls or the machine has no time; what ``source`` raises passes through.
        """
        if self._waiting >= self._longest_queue or self._is_closed:
            raise Refused(BUSY)
        self._waiting += 1
        try:
            async with self._turns:
                return await self._made(source, wanted)
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        """End all processes; who still waits for a picture gets none."""
        self._is_closed = True
        for each in (*self._busy, *self._idle):
            self._end(each)
        await asyncio.gather(*self._ending)

    async def _made(self, source: AsyncIterator[bytes], wanted: Size) -> Picture:
        """Look at the first bytes here: most files are no pictures, and need not be carried anywhere to know that."""
        try:
            async with asyncio.timeout(self._bounds.seconds):
                head = await _head(source)
            if kind_of(head) is None:
                raise NotAPicture("This is no picture of a known kind.")
            chosen = await self._ready()
            is_fit = False
            try:
                made = await chosen.make(head, source, wanted)
                is_fit = True
            except NotAPicture:
                is_fit = chosen.is_alive
                if self._is_closed:  # it died of that, and not of the picture
                    raise Refused(BUSY) from None
                raise
            finally:
                self._put_back(chosen, is_fit)
        except TimeoutError as error:
            raise Refused(BUSY) from error
        return made

    async def _ready(self) -> Decoder:
        """Return a process that waits for work, or a new one."""
        while self._idle:
            chosen, timer = self._idle.popitem()
            timer.cancel()
            if chosen.is_alive:
                self._busy.add(chosen)
                return chosen
            self._end(chosen)
        if self._is_closed:
            raise Refused(BUSY)
        try:
            chosen = await decoder.start(self._bounds)
        except OSError as error:
            raise Refused(BUSY) from error
        self._busy.add(chosen)
        return chosen

    def _put_back(self, chosen: Decoder, is_fit: bool) -> None:
        if not is_fit or self._is_closed or chosen.jobs >= self._jobs_each:
            self._end(chosen)
            return
        self._busy.discard(chosen)
        self._idle[chosen] = asyncio.get_running_loop().call_later(self._idle_seconds, self._end, chosen)

    def _end(self, chosen: Decoder) -> None:
        """Kill a process; a thread waits until it is gone."""
        self._busy.discard(chosen)
        if timer := self._idle.pop(chosen, None):
            timer.cancel()
        chosen.kill()
        gone = asyncio.get_running_loop().run_in_executor(None, chosen.wait)
        self._ending.add(gone)
        gone.add_done_callback(self._ending.discard)


async def _head(source: AsyncIterator[bytes]) -> bytes:
    """Return as much of the file's beginning as tells its kind, and whatever came with it."""
    head = b""
    async for part in source:
        head += part
        if len(head) >= HEAD:
            break
    return head
