"""Every setting of the server, declared once: name, kind, default, bounds and what it does.

The settings file, the command line, the environment and the documentation are all made from this list.
"""

import re
import socket
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

Kind = Literal["text", "number", "choice", "pattern"]


class Setting(msgspec.Struct, frozen=True):
    """One setting. ``text`` explains it in one line.

    ``least`` and ``most`` bound a number, ``choices`` a choice; a text that is not empty matches ``shape``, which
    ``shown`` explains. A secret one is never repeated in a message.
    """

    name: str
    kind: Kind
    default: str | int
    text: str
    choices: tuple[str, ...] = ()
    least: int = 0
    most: int = 2**53
    shape: str = ".*"
    shown: str = ""
    is_secret: bool = False

    @property
    def variable(self) -> str:
        """The name of its environment variable."""
        return "VECHE_" + self.name.upper()

    @property
    def allowed(self) -> str:
        """What values it takes, in words."""
        if self.kind == "number":
            return f"a number from {self.least} to {self.most}"
        if self.kind == "choice":
            return f"one of {', '.join(self.choices)}"
        return "a regular expression" if self.kind == "pattern" else (self.shown or "a text")


class BadSetting(Exception):
    """A setting that does not exist or has a wrong value; the message is one clear line."""


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
        "registration",
        "choice",
        "token",
        "Who may make an account: anybody (open), holders of a registration token (token), nobody (closed).",
        choices=("open", "token", "closed"),
    ),
    Setting("user_name_pattern", "pattern", "[a-z0-9._=/+-]+", "What the name of a new account must match as a whole."),
    Setting("shortest_password", "number", 12, "The least number of characters of a password.", least=1, most=1000),
    Setting(
        "access_token_minutes",
        "number",
        60,
        "How long an access token lasts where the client refreshes it; other tokens last until they are signed out.",
        least=1,
        most=525_600,
    ),
    Setting("longest_message", "number", 0, "The most characters of a message's text; 0 sets no limit of its own."),
    Setting(
        "rate_limits", "choice", "on", "Whether requests are limited per person and address.", choices=("on", "off")
    ),
    Setting(
        "metrics",
        "text",
        "",
        "Where to serve /metrics for Prometheus; empty for nowhere.",
        shape=r"\S+:[0-9]{1,5}",
        shown="host:port",
    ),
    Setting(
        "trusted_proxies",
        "text",
        "",
        "Addresses, parted by commas, of proxies whose X-Forwarded-For names the client; empty for none.",
    ),
    Setting(
        "public_address",
        "text",
        "",
        "The address clients should use; empty for the one they called.",
        shape=r"https?://\S+",
        shown="https://host",
    ),
    Setting("log_level", "choice", "info", "How much to log.", choices=("debug", "info", "warning", "error")),
    Setting("log_format", "choice", "text", "Log lines as text or as JSON objects.", choices=("text", "json")),
)
_BY_NAME = {setting.name: setting for setting in SETTINGS}
_PREFIX = "VECHE_"
NOT_SETTINGS = ("VECHE_PYTHON", "VECHE_PEER_PYTHON", "VECHE_MATRIX_SPEC")
"""Variables that the scripts in ``bin/`` and the tests read; those that begin with ``VECHE_TEST_`` too."""

Values = dict[str, Any]


def defaults() -> Values:
    """Return the value of every setting when nobody says otherwise."""
    return {setting.name: setting.default for setting in SETTINGS}


def gather(file: Values, environment: Mapping[str, str], line: list[str]) -> Values:
    """Lay file, environment and command line (``name=value``) over the defaults, in that order.

    Raises ``BadSetting`` for what is unknown or ill-typed, naming where it came from.
    """
    values = defaults()
    for name, given in file.items():
        values[name] = read(name, given, "veche.toml")
    for variable, given in environment.items():
        if variable.startswith(_PREFIX) and not _is_of_scripts(variable):
            name = variable.removeprefix(_PREFIX).lower()
            values[name] = read(name, given, f"the environment variable {variable}")
    for pair in line:
        name, equals, given = pair.partition("=")
        if not equals:
            raise BadSetting(f"--set {pair}: write it as name=value")
        values[name] = read(name, given, "--set")
    return values


def read(name: str, given: object, source: str) -> str | int:
    """Return ``given`` as the setting's type; raise ``BadSetting`` naming ``source`` where it does not fit."""
    setting = _BY_NAME.get(name)
    if setting is None:
        raise BadSetting(f"{source}: there is no setting called {name!r}")
    fits = _number(setting, given) if setting.kind == "number" else _text(setting, given)
    if fits is None:
        found = "something else" if setting.is_secret else repr(given)
        raise BadSetting(f"{source}: {name} must be {setting.allowed}, not {found}")
    return fits


def server_name(values: Values, fixed: str | None) -> str:
    """Return the server's name: as it was when the first account was made, else as set, else the machine's own."""
    given: str = values["server_name"]
    if fixed is not None and given not in ("", fixed):
        raise BadSetting(f"server_name is {fixed} and cannot become {given}: there are accounts under that name")
    return fixed or given or _host_name()


def settings_file() -> str:
    """Return the text of a new settings file: every setting, explained and commented out."""
    first = "# Settings of this Veche server. Remove the # before a line to change it, then restart.\n"
    parts = (f"\n# {setting.text}\n# {setting.name} = {_as_toml(setting)}\n" for setting in SETTINGS)
    return first + "".join(parts)


def documentation() -> str:
    """Return the page about all settings, in MyST Markdown."""
    rows = "".join(
        f"| `{setting.name}` | {setting.text} | {_cell(setting.allowed)} | {_cell(f'`{_as_toml(setting)}`')} |"
        f" `{setting.variable}` |\n"
        for setting in SETTINGS
    )
    return (
        "# Settings\n\n"
        "Settings stand in `veche.toml` in the data folder. The environment comes before the file, and\n"
        "`veche serve --set name=value` before both. An unknown name or a value that does not fit stops the start\n"
        "with one line that says so. Variables that begin with `VECHE_TEST_`, and\n"
        f"{', '.join(f'`{name}`' for name in NOT_SETTINGS)}, belong to the scripts and tests and are passed over.\n\n"
        "| setting | what it does | value | default | variable |\n"
        "|---|---|---|---|---|\n" + rows
    )


def _host_name() -> str:
    own = socket.gethostname().lower()
    return own if re.fullmatch(_BY_NAME["server_name"].shape, own) else "localhost"


def _is_of_scripts(variable: str) -> bool:
    return variable in NOT_SETTINGS or variable.startswith("VECHE_TEST_")


def _number(setting: Setting, given: object) -> int | None:
    if isinstance(given, str) and re.fullmatch(r"[0-9]{1,17}", given):
        given = int(given)
    if not isinstance(given, int) or isinstance(given, bool):
        return None
    return given if setting.least <= given <= setting.most else None


def _text(setting: Setting, given: object) -> str | None:
    if not isinstance(given, str) or not given.isprintable():
        return None
    if setting.kind == "choice":
        return given if given in setting.choices else None
    if setting.kind == "pattern":
        return given if _compiles(given) else None
    return given if given == setting.default or re.fullmatch(setting.shape, given) else None


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def _as_toml(setting: Setting) -> str:
    return str(setting.default) if isinstance(setting.default, int) else f'"{setting.default}"'


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
