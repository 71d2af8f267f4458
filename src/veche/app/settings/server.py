"""Settings of the server itself: its name, its addresses, its database."""

from veche.app.settings.records import Setting

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "server_name",
        "text",
        "",
        "The name behind the colon in @anna:name; empty for the machine's own. Fixed once an account exists.",
        shape=r"([0-9A-Za-z.-]{1,220}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?",
        shown="a host name, with :port if need be",
    ),
    Setting("host", "text", "127.0.0.1", "The address to listen on.", shape=r"\S+", shown="a host name or address"),
    Setting("port", "number", 8008, "The port to listen on; 0 takes a free one.", most=65_535),
    Setting(
        "database",
        "text",
        "",
        "The PostgreSQL database to use; empty for the SQLite file in the data folder.",
        shape=r"postgres(ql)?://\S+",
        shown="postgresql://user@host/name",
        is_secret=True,
    ),
    Setting(
        "rate_limits", "choice", "on", "Whether requests are limited per person and address.", choices=("on", "off")
    ),
    Setting(
        "trusted_proxies",
        "text",
        "",
        "Addresses, parted by commas, of proxies whose X-Forwarded-For names the client; empty for none.",
    ),
    Setting(
        "admin_contact",
        "text",
        "",
        "Whom people should tell when the server has no room left, mailto:it@example.org for example.",
        shape=r"(mailto:|https?://|tel:|@)\S+",
        shown="an address like mailto:it@example.org, https://… or @name:server",
    ),
    Setting(
        "public_address",
        "text",
        "",
        "The address clients should use; empty for the one they called.",
        shape=r"https?://\S+",
        shown="https://host",
    ),
)
