-- Each table as it was measured last, and what was decided about it.
CREATE TABLE measured (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    connection TEXT NOT NULL,
    schema_name TEXT NOT NULL,
    table_name TEXT NOT NULL,
    heap INTEGER NOT NULL,
    indexes INTEGER NOT NULL,
    toast INTEGER NOT NULL,
    -- Bytes to gain; NULL: nobody can tell.
    bloat INTEGER,
    live_rows INTEGER,
    dead_rows INTEGER,
    -- The rule that decided, whether the table qualifies, and every condition in words.
    rule TEXT,
    qualifies INTEGER NOT NULL,
    why TEXT NOT NULL,
    -- When any of this was last different.
    changed_at INTEGER NOT NULL,
    -- When it was seen to be there no more.
    gone_at INTEGER,
    -- The last sample.
    sampled_at INTEGER,
    sampled_bytes INTEGER,
    sampled_bloat INTEGER,
    UNIQUE (connection, schema_name, table_name)
);

-- Sizes over time. Between two samples nothing worth a sample has changed.
CREATE TABLE samples (
    table_id INTEGER NOT NULL REFERENCES measured (id) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    heap INTEGER NOT NULL,
    indexes INTEGER NOT NULL,
    toast INTEGER NOT NULL,
    bloat INTEGER,
    PRIMARY KEY (table_id, at)
);
-- For forgetting.
CREATE INDEX samples_at ON samples (at);
