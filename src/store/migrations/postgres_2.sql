-- Why an attempt ended as it did, without anybody else's words: for reports.
ALTER TABLE attempts ADD COLUMN told text;

-- One row for each report and notifier: what is to be delivered, was, or could not be. What a rule kept
-- back is here too, so that no other daemon makes it again.
CREATE TABLE reports (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    notifier text NOT NULL,
    -- What it is about: the same for whichever daemon makes it.
    occasion text NOT NULL,
    title text NOT NULL,
    -- What happened, as JSON; without secrets, and without anybody else's words.
    account text,
    -- waiting, sent, kept (its rule did not want it sent), dead (given up)
    state text NOT NULL,
    attempts bigint NOT NULL DEFAULT 0,
    error text,
    made_at bigint NOT NULL,
    made_by text NOT NULL,
    next_at bigint NOT NULL,
    claimed_by text,
    claimed_until bigint NOT NULL DEFAULT 0,
    ended_at bigint,
    UNIQUE (notifier, occasion)
);
CREATE INDEX reports_waiting ON reports (next_at) WHERE state = 'waiting';

-- Alarms that a notifier has raised and not ended.
CREATE TABLE alerts (
    notifier text NOT NULL,
    alert text NOT NULL,
    since bigint NOT NULL,
    PRIMARY KEY (notifier, alert)
);
