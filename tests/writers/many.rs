//! What a writer does to several rows at once.

use super::actions::{BY_KEY, COLUMNS, Hand};
use super::model::{Key, Row, View};
use crate::support::session::Failure;
use futures_util::SinkExt;
use std::io::Cursor;

impl Hand<'_> {
    /// Changes a range of ids.
    pub async fn bulk_update(&mut self, view: &mut View<'_>) -> Result<(), Failure> {
        let first = self.id();
        let past = first + self.random.range(1, 80);
        let rows = view.within(first..=past);
        let statement = "UPDATE w SET n = n + 1 WHERE id BETWEEN $1::text::int8 AND $2::text::int8";
        self.expect(rows.len(), statement, &[Some(first.to_string()), Some(past.to_string())])
            .await?;
        for (key, row) in rows {
            view.put(key, Row { n: row.n + 1, ..row });
        }
        Ok(())
    }

    /// Deletes a range of ids.
    pub async fn bulk_delete(&mut self, view: &mut View<'_>) -> Result<(), Failure> {
        let first = self.id();
        let past = first + self.random.range(1, 30);
        let rows = view.within(first..=past);
        let statement = "DELETE FROM w WHERE id BETWEEN $1::text::int8 AND $2::text::int8";
        self.expect(rows.len(), statement, &[Some(first.to_string()), Some(past.to_string())])
            .await?;
        rows.iter().for_each(|(key, _)| view.remove(key));
        Ok(())
    }

    /// Fills the gaps in a range of ids.
    pub async fn bulk_insert(&mut self, view: &mut View<'_>) -> Result<(), Failure> {
        let first = self.id();
        let there: Vec<i64> = view.within(first..=first + 40).iter().map(|(k, _)| k.0).collect();
        let free: Vec<i64> = (first..=first + 40).filter(|i| !there.contains(i)).collect();
        let u = self.fresh();
        *self.fresh += 41;
        let statement = "INSERT INTO w (id, part, u, span, n) SELECT i, 'a', $2::text::int8 + o - 1, int8range(($2::text::int8 + o - 1) * 10, ($2::text::int8 + o - 1) * 10 + 5), 1 FROM unnest($1::text::int8[]) WITH ORDINALITY x(i, o)";
        let list = free.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
        self.expect(free.len(), statement, &[Some(format!("{{{list}}}")), Some(u.to_string())])
            .await?;
        for (i, id) in (0..).zip(free) {
            view.put((id, "a".to_owned()), Row { u: u + i, n: 1, body: None });
        }
        Ok(())
    }

    /// Lets two rows exchange their unique values.
    pub async fn swap_values(&mut self, view: &mut View<'_>) -> Result<(), Failure> {
        let (Some((a, x)), Some((b, y))) = (view.from(self.id()), view.from(self.id())) else {
            return Ok(());
        };
        if a == b {
            return Ok(());
        }
        let set = format!(
            "UPDATE w SET u = $3::text::int8, span = int8range($3::text::int8 * 10, $3::text::int8 * 10 + 5) {BY_KEY}"
        );
        let value =
            |key: &Key, u: i64| [Some(key.0.to_string()), Some(key.1.clone()), Some(u.to_string())];
        if self.variant.deferrable {
            let swap = "UPDATE w SET u = x.u, span = int8range(x.u * 10, x.u * 10 + 5) FROM (VALUES ($1::text::int8, $2::text, $3::text::int8), ($4::text::int8, $5::text, $6::text::int8)) x(id, part, u) WHERE w.id = x.id AND w.part = x.part";
            let values = [value(&a, y.u), value(&b, x.u)].concat();
            self.expect(2, swap, &values).await?;
        } else {
            let free = self.fresh();
            self.expect(1, &set, &value(&a, free)).await?;
            self.expect(1, &set, &value(&b, x.u)).await?;
            self.expect(1, &set, &value(&a, y.u)).await?;
        }
        let (u, v) = (x.u, y.u);
        view.put(a, Row { u: v, ..x });
        view.put(b, Row { u, ..y });
        Ok(())
    }

    /// Lets two rows exchange their keys.
    pub async fn swap_keys(&mut self, view: &mut View<'_>) -> Result<(), Failure> {
        let (Some((a, x)), Some((b, y))) = (view.from(self.id()), view.from(self.id())) else {
            return Ok(());
        };
        if a == b {
            return Ok(());
        }
        let free = (self.fresh(), "a".to_owned());
        self.rename(view, a.clone(), free.clone(), x.clone()).await?;
        self.rename(view, b.clone(), a, y).await?;
        self.rename(view, free, b, x).await
    }

    /// Brings rows in with COPY.
    pub async fn copy_in(&mut self, view: &mut View<'_>) -> Result<(), Failure> {
        let mut lines = String::new();
        let mut rows = Vec::new();
        for _ in 0..self.random.range(1, 12) {
            let (key, u) = (self.key(), self.fresh());
            let row = Row { u, n: 2, body: None };
            if view.get(&key).is_none() && rows.iter().all(|(k, _)| *k != key) {
                lines.push_str(&format!(
                    "{}\t{}\t{u}\t[{},{})\t2\t\\N\n",
                    key.0,
                    key.1,
                    u * 10,
                    u * 10 + 5
                ));
                rows.push((key, row));
            }
        }
        let sink = self.session.client.copy_in(&format!("COPY w {COLUMNS} FROM STDIN")).await?;
        let mut sink = Box::pin(sink);
        sink.send(Cursor::new(lines.into_bytes())).await?;
        let count = sink.as_mut().finish().await?;
        if count != rows.len() as u64 {
            return Err(Failure::Count(format!("COPY took {count} rows of {}", rows.len())));
        }
        rows.into_iter().for_each(|(key, row)| view.put(key, row));
        Ok(())
    }
}
