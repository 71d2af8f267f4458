"""Every setting of the server, declared once: name, kind, default, bounds and what it does.

The declarations stand in one file per topic. The settings file, the command line, the environment and the
documentation are all made from them.
"""

import re
import socket
from collections.abc import Mapping
from typing import Any

from veche.app.settings import (
    accounts,
    backup,
    calls,
    directory,
    discovery,
    logs,
    mail,
    media,
    notifications,
    presence,
    search,
    server,
    timeline,
    tls,
)
from veche.app.settings.records import BadSetting, Setting

__all__ = ["BadSetting", "Setting", "Values", "defaults", "documentation", "gather", "read", "server_name"]

SETTINGS: tuple[Setting, ...] = (
    *server.SETTINGS,
    *tls.SETTINGS,
    *accounts.SETTINGS,
    *timeline.SETTINGS,
    *search.SETTINGS,
    *media.SETTINGS,
    *presence.SETTINGS,
    *directory.SETTINGS,
    *mail.SETTINGS,
    *notifications.SETTINGS,
    *calls.SETTINGS,
    *discovery.SETTINGS,
    *backup.SETTINGS,
    *logs.SETTINGS,
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
