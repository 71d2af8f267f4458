"""From the bytes of a table to its text: UTF-8, UTF-16 or Windows-1251, recognised without being told."""

import codecs
import re
from typing import Final

LARGEST_FILE: Final = 10 * 2**20
"""Bytes of a whole table."""

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SPREADSHEETS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_WORD: Final = re.compile("[^\\W\\d_]+")
_LATIN: Final = re.compile("[A-Za-z]")
_CONTROL: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f]")


class Unreadable(Exception):
    """The table cannot be read, from the line of that number on; the message is one sentence."""

    def __init__(self, text: str, number: int = 1) -> None:
        super().__init__(text)
        self.number = number


def decoded(data: bytes) -> str:
    """Return the text of a table with ``\\n`` at the end of each line; raises ``Unreadable``."""
    if len(data) > LARGEST_FILE:
        raise Unreadable(f"The file is larger than {LARGEST_FILE // 2**20} MB.")
    if data.startswith(_SPREADSHEETS):
        raise Unreadable("The file is a spreadsheet: save it as CSV.")
    text = _text(data)
    if _CONTROL.search(text):
        raise Unreadable("The file holds control characters: it is no table in text form. Save it as CSV.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _text(data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strict(data[len(mark) :], encoding)
    if b"\x00" in data[:1000]:
        return _strict(data, _unmarked_utf16(data[:1000]))
    try:
        return data.decode()
    except UnicodeDecodeError:
        return _windows_1251(data)


def _strict(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as fault:
        raise Unreadable(f"The file begins like {encoding.upper()} but is not: byte {fault.start} is wrong.") from None


def _unmarked_utf16(start: bytes) -> str:
    """The half of an ASCII letter that is nought comes second in UTF-16 from Windows."""
    return "utf-16-le" if start[1::2].count(0) >= start[::2].count(0) else "utf-16-be"


def _windows_1251(data: bytes) -> str:
    """Any bytes are letters in such an encoding, so it has to look like Russian: no words half Cyrillic, half Latin.

    ``Zoé`` from a western Windows would read ``Zoй``.
    """
    try:
        text = data.decode("windows-1251")
    except UnicodeDecodeError:
        text = ""
    foreign = [word for word in _WORD.findall(text) if not word.isascii()]
    mixed = sum(1 for word in foreign if _LATIN.search(word))
    if not foreign or 2 * mixed >= len(foreign):
        raise Unreadable("The file is neither UTF-8, nor UTF-16, nor Windows-1251. Save it as CSV in UTF-8.")
    return text
