-- What shall be repacked, and what is being repacked. A row goes when its table is done.
CREATE TABLE queue (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    connection TEXT NOT NULL,
    schema_name TEXT NOT NULL,
    table_name TEXT NOT NULL,
    -- When it was queued or last begun: a repacked table has another one.
    table_oid INTEGER NOT NULL,
    rule TEXT NOT NULL,
    priority INTEGER NOT NULL,
    -- The order that the rules give it; more comes first.
    turn INTEGER NOT NULL,
    -- waiting, running, aside (until a person or a change of the table)
    state TEXT NOT NULL,
    -- Whether something of it is left in the database.
    begun INTEGER NOT NULL DEFAULT 0,
    not_before INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    reason TEXT,
    -- What the table was when it was set aside.
    stamp TEXT,
    -- What whoever has it is asked for: cancel.
    wanted TEXT,
    wanted_by TEXT,
    owner TEXT,
    fence INTEGER NOT NULL DEFAULT 0,
    lease_until INTEGER NOT NULL DEFAULT 0,
    attempt INTEGER,
    phase TEXT,
    progress REAL,
    queued_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (connection, schema_name, table_name)
);

-- One connection's tables are worked on one after another.
CREATE UNIQUE INDEX queue_running ON queue (connection) WHERE state = 'running';

-- Every time that something was tried.
CREATE TABLE attempts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    connection TEXT NOT NULL,
    schema_name TEXT NOT NULL,
    table_name TEXT NOT NULL,
    table_oid INTEGER NOT NULL,
    rule TEXT,
    source TEXT NOT NULL,
    daemon TEXT NOT NULL,
    fence INTEGER NOT NULL,
    number INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    ending TEXT,
    phase TEXT,
    reason TEXT,
    bytes_before INTEGER,
    bytes_after INTEGER,
    -- The report, as JSON.
    report TEXT
);
CREATE INDEX attempts_table ON attempts (connection, schema_name, table_name, started_at);
CREATE INDEX attempts_started ON attempts (started_at);

-- The phases of an attempt.
CREATE TABLE phases (
    attempt INTEGER NOT NULL REFERENCES attempts (id) ON DELETE CASCADE,
    phase TEXT NOT NULL,
    ended_at INTEGER NOT NULL,
    seconds REAL NOT NULL,
    PRIMARY KEY (attempt, phase)
);

-- Bytes per row as measured after a repack, as JSON.
CREATE TABLE densities (
    connection TEXT NOT NULL,
    schema_name TEXT NOT NULL,
    table_name TEXT NOT NULL,
    density TEXT NOT NULL,
    measured_at INTEGER NOT NULL,
    PRIMARY KEY (connection, schema_name, table_name)
);

-- When each connection's tables were last looked at.
CREATE TABLE evaluations (
    connection TEXT PRIMARY KEY,
    last_at INTEGER NOT NULL DEFAULT 0,
    claimed_by TEXT,
    claimed_until INTEGER NOT NULL DEFAULT 0,
    took_ms INTEGER,
    tables INTEGER,
    qualified INTEGER,
    error TEXT
);

-- The daemons, by their last sign of life.
CREATE TABLE daemons (
    id TEXT PRIMARY KEY,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    version TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    alive_until INTEGER NOT NULL
);

-- What a person has stopped: everything, a connection, or a table of it. '' stands for all.
CREATE TABLE pauses (
    connection TEXT NOT NULL,
    schema_name TEXT NOT NULL,
    table_name TEXT NOT NULL,
    paused_by TEXT NOT NULL,
    paused_at INTEGER NOT NULL,
    PRIMARY KEY (connection, schema_name, table_name)
);

-- What one daemon has to know of what another did.
CREATE TABLE memory (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
