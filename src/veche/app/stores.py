"""The store of files that the settings name: the data folder, or a bucket."""

from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from veche.app.settings import BadSetting, Values
from veche.storage.blobs import Blobs
from veche.storage.blobs.disk import DiskBlobs
from veche.storage.blobs.place import S3Place

_OPTIONS = {"region", "tls", "ca"}


def open_blobs(values: Values, data: Path) -> Blobs:
    """Return the store of files; the library for S3 is loaded only when it is needed.

    Raises ``BadSetting`` where its address has an option that is not known, or a file that is not there.
    """
    if not values["media_store"]:
        return DiskBlobs(data / "media")
    endpoint, options = _endpoint(values["media_store"])
    address = urlsplit(values["media_store"])
    from veche.storage.blobs.s3 import S3Blobs

    place = S3Place(
        endpoint=endpoint,
        bucket=address.path[1:],
        key=unquote(address.username or ""),
        secret=unquote(address.password or ""),
        region=options.get("region", "us-east-1"),
        ca=options.get("ca", ""),
    )
    return S3Blobs(place, data / "media")


def _endpoint(store: str) -> tuple[str, dict[str, str]]:
    """Return the address to call and the options behind the question mark."""
    address = urlsplit(store)
    pairs = parse_qsl(address.query, keep_blank_values=True)
    options = dict(pairs)
    for name in options.keys() - _OPTIONS:
        raise BadSetting(f"media_store: there is no option called {name!r}")
    if options.get("tls", "on") not in ("on", "off"):
        raise BadSetting("media_store: tls must be on or off")
    if "ca" in options and not Path(options["ca"]).is_file():
        raise BadSetting(f"media_store: there is no file {options['ca']}")
    scheme = "http" if options.get("tls") == "off" else "https"
    return f"{scheme}://{address.netloc.rpartition('@')[2]}", options
