"""Settings about backups."""

from veche.app.settings.records import Setting

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "backup_folder",
        "text",
        "",
        "Where a backup is made every night; empty for none. Best on another machine's disk.",
        shape=r"/.*",
        shown="the whole path of a folder",
    ),
    Setting("backup_hour", "number", 3, "The hour at which it is made, by the machine's clock.", most=23),
    Setting(
        "backup_copies",
        "number",
        7,
        "How many backups are kept there; older ones of this server are removed.",
        least=1,
        most=10_000,
    ),
    Setting(
        "backup_passphrase_file",
        "text",
        "",
        "A file whose first line is the passphrase that nightly backups are sealed with; empty for unsealed ones."
        " Lines below may hold earlier passphrases: with these, old backups are opened to be removed.",
        shape=r"/.*",
        shown="the whole path of a file",
    ),
)
