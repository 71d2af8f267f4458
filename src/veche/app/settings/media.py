"""Settings about files: where they are kept and how much of them."""

from veche.app.settings.records import Setting

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "media_store",
        "text",
        "",
        "Where the contents of files are kept: in a bucket of S3-compatible storage; empty for the data folder.",
        shape=r"s3://[^\s/:@?#]+:[^\s/:@?#]+@[^\s/@?#]+/[A-Za-z0-9][A-Za-z0-9._-]{1,62}(\?[^\s?#]+)?",
        shown="s3://KEY:SECRET@host:port/bucket, percent-encoded; ?region=NAME&tls=off&ca=FILE may follow",
        is_secret=True,
    ),
    Setting(
        "largest_upload",
        "number",
        100 * 2**20,
        "The largest file that may be uploaded, in bytes.",
        most=2**40,
    ),
    Setting(
        "quota_per_person",
        "number",
        0,
        "How many bytes the files of one person may come to; 0 for no limit.",
    ),
    Setting(
        "quota_of_server",
        "number",
        0,
        "How many bytes the files of all may come to; 0 for no limit. What is stored once counts for each who has it.",
    ),
    Setting(
        "pending_upload_hours",
        "number",
        24,
        "How long a file that was announced may wait for being uploaded.",
        least=1,
        most=720,
    ),
    Setting(
        "pending_uploads",
        "number",
        50,
        "How many files that were announced and not uploaded yet one person may have.",
        least=1,
        most=10_000,
    ),
)
