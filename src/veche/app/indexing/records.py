"""What the server tells its indexing process, on one line, before anything else."""

import msgspec


class Orders(msgspec.Struct, frozen=True):
    """The data folder, the database's address (empty for SQLite), and how to write the log.

    Not on the command line, where everybody on the machine could read a database's password.
    """

    data: str
    database: str
    log_level: str
    log_format: str
