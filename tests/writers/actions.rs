//! What a writer does to single rows, and what the table should hold afterwards.

use super::model::{Key, Row, View};
use super::table::{ROWS, STRIDE, Variant};
use crate::support::random::Random;
use crate::support::session::{Failure, Session, Value};

const VALUES: &str = "($1::text::int8, $2::text, $3::text::int8, int8range($3::text::int8 * 10, $3::text::int8 * 10 + 5), $4::text::int8, $5::text)";
pub const COLUMNS: &str = "(id, part, u, span, n, body)";
pub const BY_KEY: &str = "WHERE id = $1::text::int8 AND part = $2::text";

/// The hand of one writer.
pub struct Hand<'a> {
    /// Where it writes.
    pub session: &'a mut Session,
    /// What it decides by.
    pub random: &'a mut Random,
    /// What it writes to.
    pub variant: &'static Variant,
    /// Its number.
    pub writer: i64,
    /// The server's version.
    pub version: u32,
    /// The next value that nobody has had.
    pub fresh: &'a mut i64,
}

impl Hand<'_> {
    pub async fn expect(
        &mut self,
        rows: usize,
        statement: &str,
        values: &[Value],
    ) -> Result<(), Failure> {
        let found = self.session.execute(self.random, statement, values).await?;
        if found == rows as u64 {
            return Ok(());
        }
        Err(Failure::Count(format!("{found} rows instead of {rows}: {statement} {values:?}")))
    }

    pub fn fresh(&mut self) -> i64 {
        *self.fresh += 1;
        self.writer * STRIDE + 200_000 + *self.fresh
    }

    /// An id that may or may not be there; half of the time one of a few.
    pub fn id(&mut self) -> i64 {
        let past = if self.random.percent(50) { 40 } else { ROWS + 400 };
        self.writer * STRIDE + self.random.range(0, past)
    }

    pub fn key(&mut self) -> Key {
        let part = if self.variant.composite {
            ["a", "b", "it's"][self.random.range(0, 3) as usize]
        } else {
            "a"
        };
        (self.id(), part.to_owned())
    }

    fn row(&mut self, u: i64) -> Row {
        let body = match self.random.range(0, 10) {
            0 => None,
            1 => Some(self.random.text(5_000)),
            _ => Some(self.random.text(60)),
        };
        Row { u, n: self.random.range(0, 50), body }
    }

    /// Does something.
    pub async fn act(&mut self, view: &mut View<'_>) -> Result<(), Failure> {
        match self.random.range(0, 20) {
            0..4 => self.insert(view).await,
            4..6 => self.upsert(view).await,
            6..9 => self.update(view).await,
            9..11 => self.change_key(view).await,
            11..13 => self.delete(view).await,
            13 => self.bulk_update(view).await,
            14 => self.bulk_delete(view).await,
            15 => self.bulk_insert(view).await,
            16 => self.swap_values(view).await,
            17 => self.swap_keys(view).await,
            18 => self.copy_in(view).await,
            _ => self.merge(view).await,
        }
    }

    async fn insert(&mut self, view: &mut View<'_>) -> Result<(), Failure> {
        let (key, u) = (self.key(), self.fresh());
        let row = self.row(u);
        let statement = format!("INSERT INTO w {COLUMNS} VALUES {VALUES}");
        if view.get(&key).is_some() {
            let skip = format!("{statement} ON CONFLICT ({}) DO NOTHING", self.variant.arbiter);
            return self.expect(0, &skip, &values(&key, &row)).await;
        }
        self.expect(1, &statement, &values(&key, &row)).await?;
        view.put(key, row);
        Ok(())
    }

    async fn upsert(&mut self, view: &mut View<'_>) -> Result<(), Failure> {
        let (key, u) = (self.key(), self.fresh());
        let mut row = self.row(u);
        let statement = format!(
            "INSERT INTO w {COLUMNS} VALUES {VALUES} ON CONFLICT ({}) DO UPDATE SET u = EXCLUDED.u, span = EXCLUDED.span, n = w.n + 1, body = EXCLUDED.body",
            self.variant.arbiter
        );
        self.expect(1, &statement, &values(&key, &row)).await?;
        if let Some(old) = view.get(&key) {
            row.n = old.n + 1;
        }
        view.put(key, row);
        Ok(())
    }

    async fn update(&mut self, view: &mut View<'_>) -> Result<(), Failure> {
        let Some((key, old)) = view.from(self.id()) else { return Ok(()) };
        let u = if self.random.percent(50) { old.u } else { self.fresh() };
        let row = self.row(u);
        let statement = format!(
            "UPDATE w SET u = $3::text::int8, span = int8range($3::text::int8 * 10, $3::text::int8 * 10 + 5), n = $4::text::int8, body = $5::text {BY_KEY}"
        );
        self.expect(1, &statement, &values(&key, &row)).await?;
        view.put(key, row);
        Ok(())
    }

    async fn change_key(&mut self, view: &mut View<'_>) -> Result<(), Failure> {
        let Some((old, row)) = view.from(self.id()) else { return Ok(()) };
        let new = self.key();
        if view.get(&new).is_some() {
            return Ok(());
        }
        self.rename(view, old, new, row).await
    }

    pub async fn rename(
        &mut self,
        view: &mut View<'_>,
        old: Key,
        new: Key,
        row: Row,
    ) -> Result<(), Failure> {
        let statement = format!("UPDATE w SET id = $3::text::int8, part = $4::text {BY_KEY}");
        let values = [
            Some(old.0.to_string()),
            Some(old.1.clone()),
            Some(new.0.to_string()),
            Some(new.1.clone()),
        ];
        self.expect(1, &statement, &values).await?;
        view.remove(&old);
        view.put(new, row);
        Ok(())
    }

    /// Deletes a row, and may put it back, whole or changed.
    async fn delete(&mut self, view: &mut View<'_>) -> Result<(), Failure> {
        let Some((key, old)) = view.from(self.id()) else { return Ok(()) };
        let id = [Some(key.0.to_string()), Some(key.1.clone())];
        self.expect(1, &format!("DELETE FROM w {BY_KEY}"), &id).await?;
        view.remove(&key);
        if self.random.percent(40) {
            let row = if self.random.percent(50) { old.clone() } else { self.row(old.u) };
            let statement = format!("INSERT INTO w {COLUMNS} VALUES {VALUES}");
            self.expect(1, &statement, &values(&key, &row)).await?;
            view.put(key, row);
        }
        Ok(())
    }

    async fn merge(&mut self, view: &mut View<'_>) -> Result<(), Failure> {
        if self.version < 15 {
            return self.upsert(view).await;
        }
        let (key, u) = (self.key(), self.fresh());
        let row = self.row(u);
        let statement = format!(
            "MERGE INTO w USING (VALUES {VALUES}) x(id, part, u, span, n, body) ON w.id = x.id AND w.part = x.part
             WHEN MATCHED AND w.n > 20 THEN DELETE
             WHEN MATCHED THEN UPDATE SET n = w.n + 1
             WHEN NOT MATCHED THEN INSERT {COLUMNS} VALUES (x.id, x.part, x.u, x.span, x.n, x.body)"
        );
        self.expect(1, &statement, &values(&key, &row)).await?;
        match view.get(&key).cloned() {
            Some(old) if old.n > 20 => view.remove(&key),
            Some(old) => view.put(key, Row { n: old.n + 1, ..old }),
            None => view.put(key, row),
        }
        Ok(())
    }
}

fn values(key: &Key, row: &Row) -> Vec<Value> {
    vec![
        Some(key.0.to_string()),
        Some(key.1.clone()),
        Some(row.u.to_string()),
        Some(row.n.to_string()),
        row.body.clone(),
    ]
}
