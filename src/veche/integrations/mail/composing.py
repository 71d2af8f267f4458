"""Letters: from the words of a template and what is put into them to text and HTML that say the same.

Nothing in the HTML comes from elsewhere: no picture, no script, no style sheet.
"""

import functools
import html
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Final, Literal

import msgspec

from veche.domain.settings import Language

TemplateName = Literal["register", "add", "reset", "page", "taken", "digest", "test"]
TEMPLATES: Final[tuple[TemplateName, ...]] = ("register", "add", "reset", "page", "taken", "digest", "test")
_HERE = Path(__file__).parent / "templates"
_ADDRESS = re.compile(r"https?://\S+")
_CODE = re.compile(r"[0-9]{6}")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")
LONGEST_VALUE: Final = 500  # characters


class Heading(msgspec.Struct, frozen=True):
    """A title within a letter."""

    text: str


class Said(msgspec.Struct, frozen=True):
    """What somebody said."""

    who: str
    text: str


Block = str | Heading | Said
"""A part of a letter; a paragraph that is an address alone is a link, six digits alone are a code."""


class Words(msgspec.Struct, frozen=True):
    """A template: its subject line and its paragraphs, with ``$name`` where something is put in."""

    subject: str
    paragraphs: tuple[str, ...]


class Written(msgspec.Struct, frozen=True):
    """A letter's subject, text and HTML."""

    subject: str
    text: str
    html: str


def write(name: TemplateName, language: Language, values: Mapping[str, object], more: Sequence[Block] = ()) -> Written:
    """Write a letter from a template; ``more`` stands in the place of the paragraph ``$more``.

    Raises ``KeyError`` where a value is missing. Values become one line each, whatever somebody called themselves.
    """
    words, known = words_of(name, language), {key: tamed(str(value)) for key, value in values.items()}
    blocks: list[Block] = []
    for paragraph in words.paragraphs:
        blocks += more if paragraph == "$more" else [Template(paragraph).substitute(known)]
    subject = Template(words.subject).substitute(known)
    return Written(subject, "\n\n".join(map(_as_text, blocks)) + "\n", _as_page(language, subject, blocks))


@functools.cache
def words_of(name: TemplateName, language: Language) -> Words:
    """Return a template: the first line of its file is the subject, empty lines part the paragraphs."""
    text = (_HERE / language / f"{name}.txt").read_text(encoding="utf-8")
    subject, _, rest = text.partition("\n")
    return Words(subject, tuple(" ".join(part.split()) for part in rest.strip().split("\n\n")))


def tamed(text: str) -> str:
    """Return foreign text as one line without what cannot be seen, not too long."""
    line = _UNSEEN.sub(" ", text).strip()
    return line if len(line) <= LONGEST_VALUE else f"{line[:LONGEST_VALUE]}…"


def _as_text(block: Block) -> str:
    if isinstance(block, Heading):
        return f"== {tamed(block.text)} =="
    return f"{tamed(block.who)}: {tamed(block.text)}" if isinstance(block, Said) else block


def _as_page(language: Language, subject: str, blocks: Sequence[Block]) -> str:
    body = "\n".join(map(_as_html, blocks))
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head><meta charset="utf-8"><title>{html.escape(subject)}</title>'
        f'</head>\n<body style="{_BODY}">\n{body}\n</body>\n</html>\n'
    )


_BODY = "max-width:36em;margin:0 auto;padding:1em;font:16px/1.5 sans-serif"
_BUTTON = "display:inline-block;padding:.5em 1em;border:1px solid;border-radius:.4em"


def _as_html(block: Block) -> str:
    if isinstance(block, Heading):
        return f'<h2 style="font-size:1.1em">{html.escape(tamed(block.text))}</h2>'
    if isinstance(block, Said):
        return f"<p><b>{html.escape(tamed(block.who))}</b><br>{html.escape(tamed(block.text))}</p>"
    if _ADDRESS.fullmatch(block):
        address = html.escape(block)
        return f'<p><a href="{address}" style="{_BUTTON}">{address}</a></p>'
    if _CODE.fullmatch(block):
        return f'<p style="font-size:1.8em;letter-spacing:.2em">{block}</p>'
    return f"<p>{html.escape(block)}</p>"
