-- The one log: the newest position given out. A restored backup advances it by 2^32.
CREATE TABLE log_head (
    position BIGINT NOT NULL
);
INSERT INTO log_head (position) VALUES (0);
-- What is true of the whole server: its name, once an account exists.
CREATE TABLE server_facts (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
