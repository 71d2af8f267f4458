"""All operations as one OpenAPI document in memory, for the tool that makes requests of it."""

from typing import Any

import msgspec
from hypothesis import strategies as st

from tests.conformance.aiming import Case
from tests.conformance.operations import operations

_KEPT = ("operationId", "parameters", "requestBody", "responses")


class Source(msgspec.Struct, frozen=True):
    """An operation and where its requests come from."""

    name: str
    cases: st.SearchStrategy[Case]


def sources() -> list[Source]:
    """Return the operations in the order of their names.

    Half of their requests say what the files know and nothing else; the others say more, or it in a wrong way.
    """
    from schemathesis import GenerationMode, openapi  # it takes long to load, and only one file of tests needs it

    found: list[Source] = []
    narrow = openapi.from_dict(_document(is_narrow=True)).get_all_operations()
    wide = openapi.from_dict(_document(is_narrow=False)).get_all_operations()
    for results in zip(narrow, wide, strict=True):
        plain, free = (result.ok() for result in results)  # type: ignore[union-attr]  # all can be read
        cases = [plain.as_strategy(GenerationMode.POSITIVE), free.as_strategy(GenerationMode.POSITIVE)]
        if _can_be_wrong(free.definition.raw):
            cases += [cases[0], free.as_strategy(GenerationMode.NEGATIVE)]
        found.append(Source(f"{free.method.upper()} {free.path}", st.one_of(cases)))
    return sorted(found, key=lambda source: source.name)


def _document(*, is_narrow: bool) -> dict[str, Any]:
    """Return the document; a narrow one allows no fields but those that it names."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations().values():
        said = {name: value for name, value in operation.raw.items() if name in _KEPT}
        if is_narrow and "requestBody" in said:
            said["requestBody"] = _narrowed(said["requestBody"])
        paths.setdefault(operation.path, {})[operation.method.lower()] = said
    return {"openapi": "3.1.0", "info": {"title": "Client-Server API", "version": "1.19"}, "paths": paths}


def _narrowed(schema: Any) -> Any:
    """Return a schema whose objects have the named fields only, the parts of ``allOf`` being one object."""
    if isinstance(schema, list):
        return [_narrowed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: _narrowed(value) for name, value in schema.items() if name != "allOf"}
    for part in map(_narrowed, schema.get("allOf", ())):
        for name, value in part.items():
            if name == "properties":
                inner[name] = {**inner.get(name, {}), **value}
            elif name == "required":
                inner[name] = [*inner.get(name, ()), *value]
            else:
                inner.setdefault(name, value)
    if isinstance(inner.get("properties"), dict) and "patternProperties" not in inner:
        inner.setdefault("additionalProperties", False)
    return inner


def _can_be_wrong(raw: Any) -> bool:
    """Whether there is a body or a query: paths are made wrong by ourselves."""
    return "requestBody" in raw or any(one["in"] == "query" for one in raw.get("parameters", ()))
