"""Searching over HTTP: what somebody finds, page by page or all of it."""

from typing import Any

from tests.stage.asgi import Answer
from tests.stage.people import Person

Found = dict[str, Any]


def asked(term: str, **criteria: Any) -> dict[str, Any]:
    """The body of a search in rooms' events."""
    return {"search_categories": {"room_events": {"search_term": term, **criteria}}}


async def search(person: Person, term: str, next_batch: str | None = None, **criteria: Any) -> Answer:
    """Search, and return the bare answer."""
    return await person.call("POST", "/search", asked(term, **criteria), next_batch=next_batch)


async def find(person: Person, term: str, next_batch: str | None = None, **criteria: Any) -> Found:
    """Search, and return what was found in rooms' events."""
    found: Found = (await search(person, term, next_batch, **criteria)).ok()["search_categories"]["room_events"]
    return found


async def texts(person: Person, term: str, **criteria: Any) -> list[str]:
    """The texts of a first page, newest first unless said otherwise: bodies, names, topics."""
    return texts_of(await search(person, term, **{"order_by": "recent", **criteria}))


def texts_of(answer: Answer) -> list[str]:
    """The texts of a page."""
    results = answer.ok()["search_categories"]["room_events"]["results"]
    contents = (result["result"]["content"] for result in results)
    return [str(content.get("body") or content.get("name") or content.get("topic")) for content in contents]


async def all_pages(person: Person, term: str, next_batch: str | None = None, **criteria: Any) -> list[Found]:
    """Every page of a search, from ``next_batch`` on."""
    pages = [await find(person, term, next_batch, **criteria)]
    while token := pages[-1].get("next_batch"):
        assert len(pages) < 1000, "the search does not end"
        pages.append(await find(person, term, token, **criteria))
    return pages


async def whole_group(person: Person, term: str, key: str, value: str, first: Found, **criteria: Any) -> list[str]:
    """The ids of all results of one group, page by page as the group's own tokens say, its first page included."""
    group, seen = first["groups"][key][value], list(first["groups"][key][value]["results"])
    while token := group.get("next_batch"):
        assert len(seen) < 1000, "the group does not end"
        page = await find(person, term, token, **criteria)
        group = page["groups"][key].get(value, {"results": []})
        assert page.get("next_batch") == group.get("next_batch")
        seen += group["results"]
    return seen


def ids(pages: list[Found]) -> list[str]:
    """The ids of all results of some pages."""
    return [result["result"]["event_id"] for page in pages for result in page["results"]]
