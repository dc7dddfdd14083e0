//! What the store knows of a connection's tables: for `bloat`, which can do without.

use super::context::Context;
use crate::bloat::Densities;
use crate::error::Result;
use crate::names::QualifiedName;
use crate::schedule::Candidate;
use crate::store::{State, Store};
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::time::Duration;

/// How long the store may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Of one connection.
#[derive(Debug, Default)]
pub struct Known {
    /// Bytes per row, as measured after a repack.
    pub densities: Densities,
    repacks: HashMap<QualifiedName, i64>,
    aside: HashMap<QualifiedName, String>,
}

impl Known {
    /// Asks the store, if there is one.
    pub async fn of(context: &mut Context, connection: &str) -> Self {
        let work = async {
            match context.store().await? {
                Some(store) => Self::read(&store, connection).await,
                None => Ok(Self::default()),
            }
        };
        let error = match tokio::time::timeout(PATIENCE, work).await {
            Ok(Ok(known)) => return known,
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
        };
        tracing::warn!("what the store knows is left out: {error}");
        context.no_store();
        Self::default()
    }

    async fn read(store: &Store, connection: &str) -> Result<Self> {
        let mut known = Self {
            densities: store.measured(connection).await?,
            repacks: store.last_repacks(connection).await?,
            aside: HashMap::new(),
        };
        for entry in store.entries().await? {
            if entry.connection == connection && entry.state == State::Aside {
                let reason = entry.reason.unwrap_or_else(|| "set aside".into());
                known.aside.insert(entry.table, reason);
            }
        }
        Ok(known)
    }

    /// Adds it to what was measured.
    pub fn complete(&self, candidate: &mut Candidate) {
        let table = &candidate.table;
        candidate.last_repack =
            self.repacks.get(table).copied().and_then(DateTime::<Utc>::from_timestamp_millis);
        candidate.set_aside = self.aside.get(table).cloned();
    }
}
