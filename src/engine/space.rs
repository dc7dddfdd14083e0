//! How much disk space a run will take besides the table, told before it begins.

use crate::catalog::lookup;
use crate::config::Limits;
use crate::error::{Error, Result};
use crate::job::Sizes;
use tokio_postgres::{Client, types::Type};

/// Sizes of a table, and what is expected of its copy.
#[derive(Debug, Clone, Copy)]
pub struct Space {
    /// Now.
    pub before: Sizes,
    /// The heap without bloat, by the planner's statistics; `None` if it was never analyzed.
    pub heap: Option<i64>,
}

impl Space {
    /// Looks at the table.
    pub async fn of(client: &Client, oid: u32) -> Result<Self> {
        let before = lookup::sizes(client, oid).await?;
        let row = client
            .query_typed_opt(include_str!("../bloat.sql"), &[(&oid, Type::OID)])
            .await
            .map_err(Error::sql("estimating the size without bloat"))?;
        let heap: Option<i64> = row.and_then(|r| r.get(0));
        Ok(Self { before, heap: heap.map(|h| h.min(before.heap)) })
    }

    /// Bytes of the copy: indexes and TOAST are taken to be as bloated as the heap. Without
    /// statistics, as large as the table.
    pub fn expected(&self) -> i64 {
        let Some(heap) = self.heap.filter(|_| self.before.heap > 0) else {
            return self.before.total();
        };
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            reason = "estimate"
        )]
        let others = ((self.before.indexes + self.before.toast) as f64
            * (heap as f64 / self.before.heap as f64)) as i64;
        heap + others
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_never_expected_to_be_larger_than_the_table() {
        let before = Sizes { heap: 1000, indexes: 400, toast: 100 };
        assert_eq!(Space { before, heap: None }.expected(), 1500);
        assert_eq!(Space { before, heap: Some(250) }.expected(), 375);
        assert_eq!(Space { before: Sizes::default(), heap: Some(0) }.expected(), 0);
    }
}
