//! How much disk space a run will take besides the table, told before it begins.

use crate::bloat::{self, Part, TableBloat};
use crate::catalog::lookup;
use crate::config::Limits;
use crate::error::Result;
use crate::job::Sizes;
use tokio_postgres::Client;

/// Sizes of a table, and what is expected of its copy.
#[derive(Debug, Clone, Copy)]
pub struct Space {
    /// Now.
    pub before: Sizes,
    /// Those of the copy; `None` if nothing can tell.
    pub after: Option<Sizes>,
}

impl Space {
    /// Looks at the table.
    pub async fn of(client: &Client, oid: u32) -> Result<Self> {
        let before = lookup::sizes(client, oid).await?;
        let table = bloat::of_table(client, oid).await?;
        Ok(Self { before, after: table.and_then(|table| after(&table, &before)) })
    }

    /// Bytes of the copy. Without statistics, as large as the table.
    pub fn expected(&self) -> i64 {
        self.after.unwrap_or(self.before).total()
    }

    /// Why there is too much of it, if there is.
    pub fn refusal(&self, limits: &Limits) -> Option<String> {
        let most = limits.max_extra_space?;
        let expected = self.expected();
        (expected > i64::try_from(most).unwrap_or(i64::MAX)).then(|| {
            format!("its copy is expected to take {expected} bytes, max_extra_space allows {most}")
        })
    }
}

/// What is expected of the copy. A part of which nothing is known is taken to be as bloated as the heap.
fn after(table: &TableBloat, before: &Sizes) -> Option<Sizes> {
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    let share = table.heap.expected? as f64 / (table.heap.bytes as f64).max(1.0);
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "estimate")]
    let expected = |part: &Part| part.expected.unwrap_or((part.bytes as f64 * share) as i64);
    let indexes: i64 = table.indexes.iter().map(|index| expected(&index.part)).sum();
    let toast = table.toast.as_ref().map_or(0, |toast| expected(&toast.part));
    Some(Sizes {
        heap: expected(&table.heap).min(before.heap),
        indexes: indexes.min(before.indexes),
        toast: toast.min(before.toast),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bloat::{Basis, IndexBloat, Unknown};
    use crate::names::QualifiedName;

    #[test]
    fn a_copy_is_never_expected_to_be_larger_than_the_table() {
        let part = |bytes, expected| Part { bytes, expected, basis: Basis::Statistics };
        let index = |part| IndexBloat {
            name: "i".into(),
            method: "btree".into(),
            rows: None,
            shape: String::new(),
            part,
        };
        let unknown = Basis::Unknown(Unknown::AccessMethod);
        let mut table = TableBloat {
            oid: 1,
            name: QualifiedName::new("s", "t"),
            rows: None,
            dead_rows: 0,
            heap: part(1000, Some(250)),
            indexes: vec![
                index(part(300, Some(200))),
                index(Part { basis: unknown, ..part(100, None) }),
            ],
            toast: None,
            shape: String::new(),
            fillfactor: 100.0,
            block: 8192.0,
        };
        let before = Sizes { heap: 1000, indexes: 210, toast: 0 };
        let after = after(&table, &before);
        assert_eq!(after, Some(Sizes { heap: 250, indexes: 210, toast: 0 }));
        assert_eq!(Space { before, after }.expected(), 460);
        assert_eq!(Space { before, after: None }.expected(), 1210);
        table.heap.expected = None;
        assert_eq!(super::after(&table, &before), None);
    }
}
