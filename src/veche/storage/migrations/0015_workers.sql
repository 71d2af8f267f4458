-- How far each consumer of the log has come.
CREATE TABLE worker_cursors (
    worker TEXT PRIMARY KEY,
    position BIGINT NOT NULL
) WITHOUT ROWID;
