-- Each table as it was measured last, and what was decided about it.
CREATE TABLE measured (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    connection text NOT NULL,
    schema_name text NOT NULL,
    table_name text NOT NULL,
    heap bigint NOT NULL,
    indexes bigint NOT NULL,
    toast bigint NOT NULL,
    -- Bytes to gain; NULL: nobody can tell.
    bloat bigint,
    live_rows bigint,
    dead_rows bigint,
    -- The rule that decided, whether the table qualifies, and every condition in words.
    rule text,
    qualifies bigint NOT NULL,
    why text NOT NULL,
    -- When any of this was last different.
    changed_at bigint NOT NULL,
    -- When it was seen to be there no more.
    gone_at bigint,
    -- The last sample.
    sampled_at bigint,
    sampled_bytes bigint,
    sampled_bloat bigint,
    UNIQUE (connection, schema_name, table_name)
);

-- Sizes over time. Between two samples nothing worth a sample has changed.
CREATE TABLE samples (
    table_id bigint NOT NULL REFERENCES measured ON DELETE CASCADE,
    at bigint NOT NULL,
    heap bigint NOT NULL,
    indexes bigint NOT NULL,
    toast bigint NOT NULL,
    bloat bigint,
    PRIMARY KEY (table_id, at)
);
-- For forgetting.
CREATE INDEX samples_at ON samples (at);
