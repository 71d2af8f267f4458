"""Media: the rules of files. Addresses, names, content types, quotas, thumbnails, links, and who may read what."""

from veche.domain.media.access import Shown, Standing, Stay, may_read, may_remove
from veche.domain.media.kinds import Told, declared_type, told_type
from veche.domain.media.links import Link, may_list, may_revoke, short_text
from veche.domain.media.names import clean_name, disposition
from veche.domain.media.quotas import may_be_so_large, may_begin, may_create, may_download, may_keep
from veche.domain.media.records import NO_FILE, NOT_YET, File, MediaId, Usage
from veche.domain.media.thumbnails import Fault, Method, Size, may_want, size_for
from veche.domain.media.uris import files_named_in, is_media_id, media_id_of, media_uri, names_files

__all__ = [
    "NOT_YET",
    "NO_FILE",
    "Fault",
    "File",
    "Link",
    "MediaId",
    "Method",
    "Shown",
    "Size",
    "Standing",
    "Stay",
    "Told",
    "Usage",
    "clean_name",
    "declared_type",
    "disposition",
    "files_named_in",
    "is_media_id",
    "may_be_so_large",
    "may_begin",
    "may_create",
    "may_download",
    "may_keep",
    "may_list",
    "may_read",
    "may_remove",
    "may_revoke",
    "may_want",
    "media_id_of",
    "media_uri",
    "names_files",
    "short_text",
    "size_for",
    "told_type",
]
