-- Why an attempt ended as it did, without anybody else's words: for reports.
ALTER TABLE attempts ADD COLUMN told TEXT;

-- One row for each report and notifier: what is to be delivered, was, or could not be. What a rule kept
-- back is here too, so that no other daemon makes it again.
CREATE TABLE reports (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    notifier TEXT NOT NULL,
    -- What it is about: the same for whichever daemon makes it.
    occasion TEXT NOT NULL,
    title TEXT NOT NULL,
    -- What happened, as JSON; without secrets, and without anybody else's words.
    account TEXT,
    -- waiting, sent, kept (its rule did not want it sent), dead (given up)
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    made_at INTEGER NOT NULL,
    made_by TEXT NOT NULL,
    next_at INTEGER NOT NULL,
    claimed_by TEXT,
    claimed_until INTEGER NOT NULL DEFAULT 0,
    ended_at INTEGER,
    UNIQUE (notifier, occasion)
);
CREATE INDEX reports_waiting ON reports (next_at) WHERE state = 'waiting';

-- Alarms that a notifier has raised and not ended.
CREATE TABLE alerts (
    notifier TEXT NOT NULL,
    alert TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (notifier, alert)
);
