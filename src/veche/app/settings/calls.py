"""Settings about calls: the relay (TURN) through which they go where people cannot reach each other directly."""

from typing import Any

from veche.app.settings.records import BadSetting, Setting, first_line

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "turn_uris",
        "text",
        "",
        "Addresses of the relay for calls, parted by commas or spaces; empty for none.",
        shape=r"turns?:[^\s,]+([\s,]+turns?:[^\s,]+)*",
        shown="turn:host:port?transport=udp, turns:host:port and the like",
    ),
    Setting(
        "turn_secret",
        "text",
        "",
        "The secret that the relay shares with this server (static-auth-secret of coturn).",
        shown="a text",
        is_secret=True,
    ),
    Setting(
        "turn_secret_file",
        "text",
        "",
        "A file whose first line is that secret, instead of writing it down here.",
        shape=r"/.*",
        shown="the whole path of a file",
    ),
    Setting(
        "turn_lifetime",
        "number",
        86_400,
        "How many seconds a name and password for the relay are good for.",
        least=60,
        most=31_536_000,
    ),
)


def turn_uris(values: dict[str, Any]) -> tuple[str, ...]:
    """Return the addresses of the relay."""
    return tuple(values["turn_uris"].replace(",", " ").split())


def turn_secret(values: dict[str, Any]) -> str:
    """Return the relay's secret; raises ``BadSetting`` where there is a relay and no secret."""
    if not values["turn_uris"]:
        return ""
    if secret := values["turn_secret"] or first_line(values, "turn_secret_file"):
        return str(secret)
    raise BadSetting("turn_uris: the relay needs turn_secret or turn_secret_file as well")
