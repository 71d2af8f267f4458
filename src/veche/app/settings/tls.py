"""Settings about HTTPS: certificates and the page that explains how to trust them."""

from veche.app.settings.records import Setting

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "tls",
        "choice",
        "auto",
        "HTTPS: on any address but loopback (auto), or there too (on).",
        choices=("auto", "on"),
    ),
    Setting(
        "tls_names",
        "text",
        "",
        "More host names and addresses of this server, parted by commas, for its certificate; the machine's name and"
        " addresses, server_name and public_address are known.",
        shown="host names and addresses, parted by commas",
    ),
    Setting(
        "trust_port",
        "number",
        8009,
        "The port of the page, in plain HTTP, that explains how to trust the server's own certificate; 0 for none.",
        most=65_535,
    ),
)
