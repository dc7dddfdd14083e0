-- What shall be repacked, and what is being repacked. A row goes when its table is done.
CREATE TABLE queue (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    connection text NOT NULL,
    schema_name text NOT NULL,
    table_name text NOT NULL,
    -- When it was queued or last begun: a repacked table has another one.
    table_oid bigint NOT NULL,
    rule text NOT NULL,
    priority bigint NOT NULL,
    -- The order that the rules give it; more comes first.
    turn bigint NOT NULL,
    -- waiting, running, aside (until a person or a change of the table)
    state text NOT NULL,
    -- Whether something of it is left in the database.
    begun bigint NOT NULL DEFAULT 0,
    not_before bigint NOT NULL DEFAULT 0,
    attempts bigint NOT NULL DEFAULT 0,
    reason text,
    -- What the table was when it was set aside.
    stamp text,
    -- What whoever has it is asked for: cancel.
    wanted text,
    wanted_by text,
    owner text,
    fence bigint NOT NULL DEFAULT 0,
    lease_until bigint NOT NULL DEFAULT 0,
    attempt bigint,
    phase text,
    progress double precision,
    queued_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    UNIQUE (connection, schema_name, table_name)
);

-- One connection's tables are worked on one after another.
CREATE UNIQUE INDEX queue_running ON queue (connection) WHERE state = 'running';

-- Every time that something was tried.
CREATE TABLE attempts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    connection text NOT NULL,
    schema_name text NOT NULL,
    table_name text NOT NULL,
    table_oid bigint NOT NULL,
    rule text,
    source text NOT NULL,
    daemon text NOT NULL,
    fence bigint NOT NULL,
    number bigint NOT NULL,
    started_at bigint NOT NULL,
    ended_at bigint,
    ending text,
    phase text,
    reason text,
    bytes_before bigint,
    bytes_after bigint,
    -- The report, as JSON.
    report text
);
CREATE INDEX attempts_table ON attempts (connection, schema_name, table_name, started_at);
CREATE INDEX attempts_started ON attempts (started_at);

-- The phases of an attempt.
CREATE TABLE phases (
    attempt bigint NOT NULL REFERENCES attempts ON DELETE CASCADE,
    phase text NOT NULL,
    ended_at bigint NOT NULL,
    seconds double precision NOT NULL,
    PRIMARY KEY (attempt, phase)
);

-- Bytes per row as measured after a repack, as JSON.
CREATE TABLE densities (
    connection text NOT NULL,
    schema_name text NOT NULL,
    table_name text NOT NULL,
    density text NOT NULL,
    measured_at bigint NOT NULL,
    PRIMARY KEY (connection, schema_name, table_name)
);

-- When each connection's tables were last looked at.
CREATE TABLE evaluations (
    connection text PRIMARY KEY,
    last_at bigint NOT NULL DEFAULT 0,
    claimed_by text,
    claimed_until bigint NOT NULL DEFAULT 0,
    took_ms bigint,
    tables bigint,
    qualified bigint,
    error text
);

-- The daemons, by their last sign of life.
CREATE TABLE daemons (
    id text PRIMARY KEY,
    host text NOT NULL,
    pid bigint NOT NULL,
    version text NOT NULL,
    started_at bigint NOT NULL,
    seen_at bigint NOT NULL,
    alive_until bigint NOT NULL
);

-- What a person has stopped: everything, a connection, or a table of it. '' stands for all.
CREATE TABLE pauses (
    connection text NOT NULL,
    schema_name text NOT NULL,
    table_name text NOT NULL,
    paused_by text NOT NULL,
    paused_at bigint NOT NULL,
    PRIMARY KEY (connection, schema_name, table_name)
);

-- What one daemon has to know of what another did.
CREATE TABLE memory (
    name text PRIMARY KEY,
    value text NOT NULL
);
