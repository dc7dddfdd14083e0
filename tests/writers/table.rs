//! The tables that are written to.

use super::model::{Key, Row, Rows};
use crate::support::words;
use tokio_postgres::Client;

/// Rows that all writers count up: their ids are -1 down to this, negated.
pub const SHARED: i64 = 4;
/// Ids of one writer.
pub const STRIDE: i64 = 1_000_000;
/// Rows that each writer has at the beginning.
pub const ROWS: i64 = 2_400;

/// One kind of table, and the way it is repacked.
#[derive(Debug, Clone, Copy)]
pub struct Variant {
    /// Its name.
    pub name: &'static str,
    /// What comes after the columns: the key and the constraints.
    constraints: &'static str,
    /// What comes after the table.
    then: &'static str,
    /// The columns of its key, for ON CONFLICT.
    pub arbiter: &'static str,
    /// Whether an id may be there with several parts.
    pub composite: bool,
    /// Whether unique values can be swapped in one statement.
    pub deferrable: bool,
    /// Whether the writers TRUNCATE.
    pub truncates: bool,
    /// Connections that copy.
    pub copy_jobs: u32,
    /// The size of a drain.
    pub max_replay_rows: u64,
}

/// All variants.
pub const VARIANTS: [Variant; 3] = [
    Variant {
        name: "bigint",
        constraints: "PRIMARY KEY (id), UNIQUE (u), EXCLUDE USING gist (span WITH &&)) WITH (fillfactor = 10",
        then: "CREATE INDEX ON w (n); CREATE INDEX ON w (part, u DESC) INCLUDE (n)",
        arbiter: "id",
        composite: false,
        deferrable: false,
        truncates: false,
        copy_jobs: 1,
        max_replay_rows: 40,
    },
    Variant {
        name: "composite",
        constraints: "PRIMARY KEY (id, part), UNIQUE (u) DEFERRABLE, EXCLUDE USING gist (span WITH &&) DEFERRABLE) WITH (fillfactor = 10",
        then: "CREATE INDEX ON w (n) WHERE n > 3; CREATE INDEX ON w ((left(body, 20)))",
        arbiter: "id, part",
        composite: true,
        deferrable: true,
        truncates: false,
        copy_jobs: 3,
        max_replay_rows: 60,
    },
    Variant {
        name: "truncated",
        constraints: "CHECK (n >= 0)) WITH (fillfactor = 15",
        then: "CREATE UNIQUE INDEX ON w (part, id); CREATE UNIQUE INDEX ON w (u); CREATE INDEX ON w USING hash (n)",
        arbiter: "part, id",
        composite: true,
        deferrable: false,
        truncates: true,
        copy_jobs: 2,
        max_replay_rows: 1000,
    },
];

/// Slows down what repackd does, and nobody else, so that much can happen meanwhile.
const DRAG: &str = "CREATE FUNCTION drag(u bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF random() < 0.03 AND current_setting('application_name') LIKE 'repackd %' THEN PERFORM pg_sleep(0.004); END IF;
  RETURN u + 1;
END $$;";

/// Makes the table with the first rows of each writer, and the record of them.
pub async fn create(client: &Client, variant: &Variant, writers: i64) -> Result<Vec<Rows>, String> {
    client
        .batch_execute(&format!(
            "{DRAG}
             CREATE TABLE w (id bigint NOT NULL, gone int, part text NOT NULL, u bigint NOT NULL, span int8range,
               n bigint NOT NULL, body text, grown bigint GENERATED ALWAYS AS (drag(u)) STORED, {});
             ALTER TABLE w ALTER body SET STORAGE EXTERNAL;
             ALTER TABLE w DROP gone; {};
             INSERT INTO w (id, part, u, span, n, body)
               SELECT a * {STRIDE} + b, 'a', a * {STRIDE} + b, int8range((a * {STRIDE} + b) * 10, (a * {STRIDE} + b) * 10 + 5), 0, repeat('x', 200)
               FROM generate_series(0, {}) a, generate_series(0, {}) b;
             ALTER TABLE w ADD late int NOT NULL DEFAULT 7;
             {}
             ANALYZE w",
            variant.constraints,
            variant.then,
            writers - 1,
            ROWS - 1,
            shared(),
        ))
        .await
        .map_err(words)?;
    let row = |u| Row { u, n: 0, body: Some("x".repeat(200)) };
    let rows = |w: i64| {
        (0..ROWS).map(move |i| (w * STRIDE + i, i)).map(|(id, _)| ((id, "a".to_owned()), row(id)))
    };
    Ok((0..writers).map(|w| rows(w).collect()).collect())
}

/// The statement that inserts the shared rows.
pub fn shared() -> String {
    format!(
        "INSERT INTO w (id, part, u, span, n) SELECT -i, 'a', -i, int8range(-i * 10, -i * 10 + 5), 0 FROM generate_series(1, {SHARED}) i;"
    )
}

/// What is in the table now.
pub async fn read(client: &Client) -> Result<Rows, String> {
    let rows = client
        .query("SELECT id, part, u, n, body, lower(span), upper(span), grown, late FROM w", &[])
        .await
        .map_err(words)?;
    let mut found = Rows::new();
    for r in &rows {
        let key: Key = (r.get(0), r.get(1));
        let row = Row { u: r.get(2), n: r.get(3), body: r.get(4) };
        let derived: (i64, i64, i64, i32) = (r.get(5), r.get(6), r.get(7), r.get(8));
        if derived != (row.u * 10, row.u * 10 + 5, row.u + 1, 7) {
            return Err(format!("{key:?} {row:?} has {derived:?}"));
        }
        if found.insert(key.clone(), row).is_some() {
            return Err(format!("{key:?} is there twice"));
        }
    }
    Ok(found)
}
