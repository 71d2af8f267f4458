"""The page of settings, from their declaration."""

from veche.app.settings import SETTINGS, Setting

HEAD = """\
# Settings

*Made from `src/veche/app/settings/` by `python -m docs.generate`.*

A setting is taken from the first of these that names it: `--set name=value` on the command line, its environment
variable, `veche.toml` in the data folder, its default. A name that does not exist or a value that does not fit stops
the start with one line that says so.
"""


def page() -> str:
    """Return the whole page."""
    return HEAD + "".join(_section(setting) for setting in SETTINGS)


def _section(setting: Setting) -> str:
    default = "empty" if setting.default == "" else f"`{setting.default}`"
    return (
        f"\n## {setting.name}\n\n{setting.text}\n\n"
        f"Takes {setting.allowed}. Default: {default}. Environment: `{setting.variable}`.\n"
    )
