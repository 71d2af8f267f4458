"""Settings about what the server tells anybody who looks for help, or for its policy server."""

import re
from typing import Any, Final

from veche.app.settings.records import Setting

_CONTACT = r"(admin|security) (@[^\s,:]+:[^\s,]+|[^\s,@]+@[^\s,@]+)"
_ROLES: Final = {"admin": "m.role.admin", "security": "m.role.security"}

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "support_contacts",
        "text",
        "",
        "Whom people may turn to, parted by commas: a role (admin, security) and a Matrix id or e-mail address each.",
        shape=rf"{_CONTACT}(, *{_CONTACT})*",
        shown="admin @it:example.org, security safety@example.org and the like",
    ),
    Setting(
        "support_page",
        "text",
        "",
        "The address of a page with help for people on this server; empty for none.",
        shape=r"https?://\S+",
        shown="https://…",
    ),
    Setting(
        "policy_server_key",
        "text",
        "",
        "The public ed25519 key of the policy server that is found under this server's name; empty for none.",
        shape=r"[A-Za-z0-9+/_-]{43}",
        shown="43 characters of unpadded base64",
    ),
)


def support_contacts(values: dict[str, Any]) -> tuple[dict[str, str], ...]:
    """Return the contacts as the specification writes them down (section Server administration)."""
    return tuple(_contact(text) for text in re.split(r", *", values["support_contacts"]) if text)


def _contact(text: str) -> dict[str, str]:
    role, _, address = text.partition(" ")
    return {"matrix_id" if address[0] == "@" else "email_address": address, "role": _ROLES[role]}
