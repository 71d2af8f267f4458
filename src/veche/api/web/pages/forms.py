"""Forms as browsers send them."""

from urllib.parse import parse_qsl

_MOST_FIELDS = 20


def fields_of(body: bytes, names: tuple[str, ...]) -> dict[str, str]:
    """Return the named fields of a form; those that were not sent, or cannot be read, are empty."""
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        pairs = []
    sent = {name: text for name, text in pairs if "\x00" not in text}
    return {name: sent.get(name, "") for name in names}
