"""Every endpoint is declared in the one table, and its declaration is whole."""

import importlib
import pkgutil

import msgspec
import pytest

import veche.api
from veche.api.http.contract import Endpoint
from veche.api.http.requests import path_names
from veche.api.http.router import Router
from veche.api.table import ENDPOINTS


def declared() -> list[Endpoint]:
    """Return the endpoints of every module below ``veche.api``."""
    found: list[Endpoint] = []
    for module in pkgutil.walk_packages(veche.api.__path__, "veche.api."):
        if module.name != "veche.api.table":
            found += getattr(importlib.import_module(module.name), "ENDPOINTS", ())
    return found


def name_of(endpoint: Endpoint) -> str:
    """Return method and path."""
    return f"{endpoint.method} {endpoint.path}"


def test_the_table_holds_every_declaration() -> None:
    assert {name_of(endpoint) for endpoint in declared()} == {name_of(endpoint) for endpoint in ENDPOINTS}


def test_nothing_is_declared_twice() -> None:
    names = [name_of(endpoint) for endpoint in ENDPOINTS]
    assert len(names) == len(set(names))
    Router(ENDPOINTS)  # raises where two paths mean the same


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=name_of)
def test_a_declaration_is_whole(endpoint: Endpoint) -> None:
    assert endpoint.serve.__doc__, "what it does is not said"
    assert endpoint.path.startswith("/")
    fields = {field.name for field in msgspec.structs.fields(endpoint.request)}
    for path in (endpoint.path, *endpoint.aliases):
        assert set(path_names(path)) <= fields, f"{path} has parameters that the request record does not hold"
    if endpoint.method in ("GET", "HEAD"):
        assert "body" not in fields, "a GET has no body"
