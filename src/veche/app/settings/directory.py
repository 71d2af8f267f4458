"""Settings about who is shown what: people to each other, public rooms to whoever has no account."""

from veche.app.settings.records import Setting

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "people_directory",
        "choice",
        "shared",
        "Whom people find by name: those with whom they share a room and those in rooms open to all (shared), or"
        " everybody with an account (all).",
        choices=("shared", "all"),
    ),
    Setting(
        "public_rooms_without_token",
        "choice",
        "off",
        "Whether the list of public rooms, and summaries of rooms that everybody may join, knock on or read, are shown"
        " to whoever can reach the server, without an account.",
        choices=("on", "off"),
    ),
)
