"""The figures for Prometheus stand on an address of their own; log lines are text or objects, with the request's id."""

import json
import logging
import urllib.error
import urllib.request

import pytest

from tests.stage.databases import Place
from tests.stage.server import Server
from veche.app.logs import JsonLines, TextLines


def test_figures_are_served_on_their_own_address_only(place: Place) -> None:
    server = Server(place, metrics="127.0.0.1:0").start()
    try:
        with urllib.request.urlopen(f"{server.figures}/metrics") as answer:
            text = answer.read().decode()
        assert "veche_log_position 0\n" in text
        assert "# TYPE veche_long_polls gauge\n" in text
        for elsewhere in (f"{server.figures}/", f"{server.url}/metrics"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(elsewhere)
    finally:
        assert server.stop() == 0


def test_a_metrics_address_without_a_port_stops_the_start(place: Place) -> None:
    with pytest.raises(AssertionError, match="metrics must be host:port, not 'nowhere'"):
        Server(place, metrics="nowhere").start()


def test_log_lines_carry_the_request() -> None:
    record = logging.makeLogRecord({"msg": "request", "name": "veche.http", "levelname": "INFO", "created": 0.0})
    record.request = "1f"
    record.status = 200
    assert TextLines().format(record).endswith("INFO veche.http request request=1f status=200")
    line = json.loads(JsonLines().format(record))
    assert {**line, "time": ""} == {
        "time": "",
        "level": "info",
        "from": "veche.http",
        "text": "request",
        "request": "1f",
        "status": 200,
    }
