"""The log: one line per event on standard error, as text or as JSON objects. Never a body, a token or a password."""

import json
import logging
import sys
import time

_EXTRAS = ("request", "method", "path", "status", "ms")


def configure(level: str, form: str) -> None:
    """Send the server's log to standard error; ``level`` and ``form`` are the settings of these names."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("veche").setLevel(level.upper())


class TextLines(logging.Formatter):
    """``2026-01-31T12:00:00.123Z INFO veche.http request request=1f method=GET status=200``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line, a trace below it where there is one."""
        extras = "".join(f" {name}={value}" for name, value in _extras(record).items())
        line = f"{_moment(record)} {record.levelname} {record.name} {record.getMessage()}{extras}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one object."""
        line = {
            "time": _moment(record),
            "level": record.levelname.lower(),
            "from": record.name,
            "text": record.getMessage(),
            **_extras(record),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def _extras(record: logging.LogRecord) -> dict[str, object]:
    return {name: getattr(record, name) for name in _EXTRAS if hasattr(record, name)}


def _moment(record: logging.LogRecord) -> str:
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{seconds}.{int(record.msecs):03d}Z"
