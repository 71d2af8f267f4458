"""Settings about presence."""

from veche.app.settings.records import Setting

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "presence",
        "choice",
        "on",
        "Whether people who share a room see who is online, away or busy. With off nobody ever is.",
        choices=("on", "off"),
    ),
    Setting(
        "idle_minutes",
        "number",
        5,
        "After how many minutes without writing, typing or reading somebody who is online counts as away.",
        least=1,
        most=1440,
    ),
)
