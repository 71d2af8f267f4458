"""Paths of older versions of the specification."""

from veche.api.http.router import OLDER


def older_paths(path: str) -> tuple[str, ...]:
    """Return the paths of older versions under which a declared path is found as well."""
    return tuple(
        older + path.removeprefix(newer)
        for newer, others in OLDER.items()
        if path.startswith(newer + "/")
        for older in others
    )
