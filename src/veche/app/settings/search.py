"""Settings about searching in messages."""

from veche.app.settings.records import Setting

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "search",
        "choice",
        "on",
        "Whether people can search in what was written. With off no index is kept.",
        choices=("on", "off"),
    ),
)
