"""Media: rows of files, of what refers to them, of thumbnails and links. Contents stand in ``storage/blobs``."""

from veche.storage.media import attachments, contents, files, links, thumbnails
from veche.storage.media.faults import explained
from veche.storage.media.standing import FileStanding

__all__ = ["FileStanding", "attachments", "contents", "explained", "files", "links", "thumbnails"]
