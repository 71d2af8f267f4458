"""What is under way with files: waiting for uploads, dooming contents, work that one does for all, counting uploads."""

import asyncio

import pytest

from veche.domain.ids import Digest, UserId
from veche.domain.media import MediaId
from veche.live.media import Media

ANNA = UserId("@anna:veche.test")
FILE, OTHER = MediaId("file"), MediaId("other")
ONE, TWO = Digest("1"), Digest("2")


async def test_those_who_wait_for_a_file_are_told() -> None:
    arrivals = Media().arrivals
    with arrivals.expect(FILE) as first, arrivals.expect(FILE) as second, arrivals.expect(OTHER) as third:
        arrivals.tell(FILE)
        assert (first.is_set(), second.is_set(), third.is_set()) == (True, True, False)
        with arrivals.expect(FILE) as later:
            assert not later.is_set()
            arrivals.tell(FILE)
            assert later.is_set()
    arrivals.tell(FILE)
    assert vars(arrivals) == {"_waiting": {}}, "nothing is left of those who waited"


def test_contents_are_doomed_until_somebody_brings_them() -> None:
    doomed = Media().doomed
    with doomed.doom(ONE):
        assert doomed.is_doomed(ONE)
        assert not doomed.is_doomed(TWO)
        doomed.spare(TWO)
        assert doomed.is_doomed(ONE)
        doomed.spare(ONE)
        assert not doomed.is_doomed(ONE)
    with pytest.raises(ValueError, match="x"), doomed.doom(ONE):
        raise ValueError("x")
    assert not doomed.is_doomed(ONE)


def test_nothing_is_doomed_during_a_pause() -> None:
    doomed = Media().doomed

    def found() -> tuple[bool, bool]:
        return doomed.is_paused, doomed.is_doomed(ONE)

    with doomed.doom(ONE):
        with doomed.nobody():
            with doomed.nobody():
                assert found() == (True, False)
            assert found() == (True, False)
        assert found() == (False, True)


async def test_one_works_and_the_others_wait() -> None:
    flights = Media().thumbnails
    assert flights.under_way("a") is None
    with flights.begin("a"):
        ended = flights.under_way("a")
        assert ended is not None
        waiting = asyncio.ensure_future(ended.wait())
        await asyncio.sleep(0)
        assert not waiting.done()
        assert flights.under_way("b") is None
    await waiting
    assert flights.under_way("a") is None
    with pytest.raises(ValueError, match="x"), flights.begin("a"):
        raise ValueError("x")
    assert flights.under_way("a") is None


def test_uploads_under_way_are_counted() -> None:
    uploads = Media().uploads
    with uploads.begin(ANNA), uploads.begin(ANNA):
        assert uploads.of(ANNA) == 2
        assert uploads.of(UserId("@boris:veche.test")) == 0
    assert uploads.of(ANNA) == 0
