"""Settings about what the server tells of itself: log and figures."""

from veche.app.settings.records import Setting

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "metrics",
        "text",
        "",
        "Where to serve /metrics for Prometheus; empty for nowhere.",
        shape=r"\S+:[0-9]{1,5}",
        shown="host:port",
    ),
    Setting("log_level", "choice", "info", "How much to log.", choices=("debug", "info", "warning", "error")),
    Setting("log_format", "choice", "text", "Log lines as text or as JSON objects.", choices=("text", "json")),
)
