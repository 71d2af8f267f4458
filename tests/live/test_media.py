"""What is under way with files: waiting for uploads, dooming contents, work that one does for all, counting uploads."""

import asyncio

import pytest

from veche.domain.ids import Digest, UserId
from veche.domain.media import MediaId
from veche.live.media import MOST_QUICK, QUICK_PART, SMALL_PART, Downloads, Media, UnderWay

ANNA, BORIS = UserId("@anna:veche.test"), UserId("@boris:veche.test")
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
    with doomed.doom(ONE) as one, doomed.doom(TWO) as two:
        assert (one.stands, two.stands) == (True, True)
        doomed.spare(ONE)
        assert (one.stands, two.stands) == (False, True)
    with pytest.raises(ValueError, match="x"), doomed.doom(ONE):
        raise ValueError("x")
    assert vars(doomed) == {"_dooms": {}, "_pauses": 0}


def test_what_was_spared_is_not_doomed_by_somebody_else() -> None:
    doomed = Media().doomed
    with doomed.doom(ONE) as before:
        doomed.spare(ONE)
        with doomed.doom(ONE) as after:
            assert (before.stands, after.stands) == (False, True)
        with doomed.doom(ONE) as last:
            doomed.spare(ONE)
            assert not last.stands


def test_nothing_is_doomed_during_a_pause() -> None:
    doomed = Media().doomed

    with doomed.doom(ONE) as doom:

        def found() -> tuple[bool, bool]:
            return doomed.is_paused, doom.stands

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
    with uploads.begin(UnderWay(ANNA)), uploads.begin(UnderWay(ANNA)):
        assert uploads.of(ANNA) == 2
        assert uploads.of(BORIS) == 0
    assert uploads.of(ANNA) == 0


def test_what_uploads_hold_is_counted_until_a_row_does() -> None:
    uploads, one, two, three = Media().uploads, UnderWay(ANNA, 100), UnderWay(ANNA), UnderWay(BORIS, 50)
    with uploads.begin(one), uploads.begin(two), uploads.begin(three):
        assert [uploads.besides(upload) for upload in (one, two, three)] == [(0, 0), (100, 0), (0, 0)]
        uploads.grow(one, 10)
        uploads.grow(two, 5)
        assert [uploads.besides(upload) for upload in (one, two, three)] == [(5, 5), (100, 10), (0, 15)]
        uploads.grow(one, 200)
        assert uploads.besides(two) == (210, 210)
        uploads.settle(one)
        assert [uploads.besides(upload) for upload in (one, two, three)] == [(5, 5), (0, 0), (0, 5)]
    assert vars(uploads) == {"_of": {}, "_bytes": 0}


def test_a_few_downloads_are_quick_and_all_give_their_places_back() -> None:
    downloads = Downloads()
    begun = [downloads.begin(ANNA) for _ in range(MOST_QUICK)]
    slow = downloads.begin(BORIS)
    assert ({each.part for each in begun}, slow.part) == ({QUICK_PART}, SMALL_PART)
    assert (downloads.of(ANNA), downloads.of(BORIS), downloads.of_all()) == (MOST_QUICK, 1, MOST_QUICK + 1)
    for each in (slow, begun[0], begun[0]):
        each.end()
    assert (downloads.of(ANNA), downloads.of(BORIS), downloads.of_all()) == (MOST_QUICK - 1, 0, MOST_QUICK - 1)
    assert [downloads.begin(BORIS).part for _ in range(2)] == [QUICK_PART, SMALL_PART]
