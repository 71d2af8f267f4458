"""Settings about notifications that leave the server. By default none do."""

from pathlib import Path
from typing import Any

from veche.app.settings.records import BadSetting, Setting
from veche.domain.notifications.gateways import BadGateway, Gateways, gateways_from

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "push_gateways",
        "text",
        "",
        "The push gateways that people's clients may name, parted by commas: an address such as"
        " https://push.example.org or push.example.org:8443; beside them, for gateways inside a network, the addresses"
        " they may be found at, such as 10.1.0.0/16. Empty: no notification leaves the server.",
        shown="addresses of gateways, and networks, parted by commas",
    ),
    Setting(
        "push_badge",
        "choice",
        "messages",
        "What the number on an application's icon counts: unread messages, as the specification has it, or the rooms"
        " that hold any.",
        choices=("messages", "rooms"),
    ),
    Setting(
        "trusted_authorities",
        "text",
        "",
        "A file with certificates (PEM) of authorities that outgoing HTTPS calls trust beside those of the system and"
        " the server's own.",
        shown="the path of a file",
    ),
)


def push_gateways(values: dict[str, Any]) -> Gateways:
    """Return which gateways may be called; raises ``BadSetting``, also where the authorities' file is not there."""
    given = values["trusted_authorities"]
    if given and not Path(given).is_file():
        raise BadSetting(f"trusted_authorities: there is no file {given}")
    try:
        return gateways_from(values["push_gateways"])
    except BadGateway as fault:
        raise BadSetting(str(fault)) from None


def authorities(values: dict[str, Any], data: Path) -> list[Path]:
    """Return the files of certificates that outgoing calls trust: the server's own authority, once there is one."""
    own, given = data / "tls" / "ca.crt", values["trusted_authorities"]
    return [path for path in (own, *([Path(given)] if given else [])) if path.is_file()]
