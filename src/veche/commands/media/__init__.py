"""Media: uploading, attaching, removing, sweeping, thumbnails and short links."""

from veche.commands.media.linking import link_file, revoke_link
from veche.commands.media.removing import remove_file
from veche.commands.media.sweeping import delete_removed, expire_announced, sweep_store
from veche.commands.media.thumbnails import make_thumbnail
from veche.commands.media.uploading import Announced, Upload, announce, fill, upload

__all__ = [
    "Announced",
    "Upload",
    "announce",
    "delete_removed",
    "expire_announced",
    "fill",
    "link_file",
    "make_thumbnail",
    "remove_file",
    "revoke_link",
    "sweep_store",
    "upload",
]
