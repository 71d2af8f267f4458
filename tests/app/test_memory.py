"""Memory is given back when it pays, and not again and again."""

import ctypes

from veche.app.memory import WORTH_IT, Returning, held_now


class Process:
    """Stands in for a process whose memory shrinks to ``least`` when it gives back."""

    def __init__(self, held: int, least: int) -> None:
        self.held, self.least, self.times = held, least, 0

    def give_back(self, kept: int) -> None:
        assert kept == 0
        self.times += 1
        self.held = min(self.held, self.least)


async def test_memory_is_given_back_after_the_process_has_grown() -> None:
    process = Process(10 * WORTH_IT, 2 * WORTH_IT)
    returning = Returning(lambda: process.held, process.give_back)
    for held, times in ((10 * WORTH_IT, 1), (3 * WORTH_IT - 1, 1), (3 * WORTH_IT, 2), (3 * WORTH_IT - 1, 2)):
        process.held = held
        await returning.look()
        assert process.times == times, held


async def test_who_shrank_by_itself_is_measured_from_there() -> None:
    process = Process(4 * WORTH_IT, 4 * WORTH_IT)
    returning = Returning(lambda: process.held, process.give_back)
    await returning.look()
    process.held = WORTH_IT
    await returning.look()
    process.held = 2 * WORTH_IT
    await returning.look()
    assert process.times == 2


async def test_the_real_process_can_be_measured_and_looked_after() -> None:
    assert held_now() > 2**20
    assert ctypes.CDLL(None).getpid() > 0
    await Returning().look()
