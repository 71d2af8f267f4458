"""Media: reading files and thumbnails, following links, lists of both."""

from veche.queries.media.listing import FilePage, LinkPage, files, links
from veche.queries.media.reading import contents, file, linked_file
from veche.queries.media.thumbnails import thumbnail

__all__ = ["FilePage", "LinkPage", "contents", "file", "files", "linked_file", "links", "thumbnail"]
