//! Measuring a database, deciding about its tables, and queueing those that qualify.

use super::measured::measurements;
use super::{Clock, rule_index, worker};
use crate::bloat::{self, Basis, TableBloat, Unknown};
use crate::config::{Config, Connection};
use crate::engine::journal;
use crate::error::Result;
use crate::names::{QualifiedName, TableArg};
use crate::pg::{Session, settings};
use crate::schedule::{Candidate, Decision};
use crate::store::{Entry, Queued, Scope, State, Store, Wish};
use crate::telemetry::standing::{Found, OF_ONE, Size};
use chrono::{DateTime, Utc};
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The schema of a store in PostgreSQL: its own tables are none of its business, since the cutover of
/// one would need the answer of the other.
const STORE_SCHEMA: &str = "repackd_store";

/// Smaller tables are left to autovacuum, which analyzes whatever is changed.
const SMALL: i64 = 1 << 17;

/// How many tables one evaluation analyzes; the next one goes on.
const ANALYZED: usize = 20;

/// Measures one connection's database and brings its part of the queue up to date.
pub async fn evaluate(
    store: &Store,
    config: &Arc<Config>,
    connection: &Connection,
    clock: &Clock,
) -> Result<Found> {
    let name = &connection.name;
    let session = settings::open(&connection.server, "repackd").await?;
    let densities = store.measured(name).await?;
    let mut measured = bloat::measure(&session, &bloat::Scope::default(), &densities).await?;
    if connection.settings.analyze_tables && analyze(&session, connection, &measured).await? {
        measured = bloat::measure(&session, &bloat::Scope::default(), &densities).await?;
    }
    let repacks = store.last_repacks(name).await?;
    let all = store.entries().await?;
    // Of whichever connection: two may lead to one database.
    let known: HashSet<QualifiedName> =
        all.iter().filter(|e| e.begun).map(|e| e.table.clone()).collect();
    let entries: Vec<Entry> = all.into_iter().filter(|e| e.connection == *name).collect();
    let now = clock.now();
    let mut decided: Vec<(Candidate, Decision)> = Vec::new();
    let mut oids = HashMap::new();
    for table in measured.iter().filter(|t| is_listed(connection, &t.name)) {
        let last = repacks.get(&table.name).copied();
        // What was set aside the queue knows, and looks whether it still holds.
        let candidate = Candidate {
            last_repack: last.and_then(DateTime::<Utc>::from_timestamp_millis),
            ..table.candidate(name, connection.server.database())
        };
        let decision = config.schedule.decide(&candidate, now);
        oids.insert(table.name.clone(), table.oid);
        decided.push((candidate, decision));
    }
    let measurements = measurements(&decided);
    let mut found = found(&decided, &repacks);
    reassign(store, config, name, &entries, &decided).await?;
    let ruled: HashSet<QualifiedName> =
        decided.iter().filter(|(_, d)| d.rule.is_some()).map(|(c, _)| c.table.clone()).collect();
    config.schedule.rank(&mut decided);
    // What the store knows nothing of, because it was lost, or the database was taken back to an earlier
    // state: its capture would go on taxing writers, though the table may not qualify any more.
    let mut left = journal::left_by_daemons(&session).await?;
    left.retain(|table, _| !known.contains(table));
    decided
        .retain(|(candidate, decision)| decision.qualifies || left.contains_key(&candidate.table));
    found.due = decided.len();
    let aside: Vec<u32> = entries
        .iter()
        .filter(|e| e.state == State::Aside)
        .filter_map(|e| oids.get(&e.table).copied())
        .collect();
    let stamps = match aside.is_empty() {
        true => HashMap::new(),
        false => worker::stamps(&session, &aside).await?,
    };
    drop(session);
    let mut keep = Vec::new();
    for (turn, (candidate, decision)) in decided.iter().rev().enumerate() {
        let Some(rule) = &decision.rule else { continue };
        let table = &candidate.table;
        if decision.dry_run || config.daemon.dry_run {
            tracing::info!(
                connection = %name, %table, rule = %rule.name, gain = candidate.bloat_bytes,
                "qualifies; nothing is done (dry_run)"
            );
            continue;
        }
        keep.push(table.clone());
        let Some(oid) = left.get(table).or(oids.get(table)).copied() else { continue };
        let wish = Wish {
            connection: name.clone(),
            table: table.clone(),
            oid,
            begun: left.contains_key(table),
            rule: rule.name.clone(),
            priority: config.schedule.rules[rule.index].priority,
            turn: i64::try_from(turn).unwrap_or(i64::MAX),
            stamp: stamps.get(&oid).cloned(),
        };
        match store.enqueue(&wish).await? {
            Queued::New => tracing::info!(
                connection = %name, %table, rule = %rule.name, gain = candidate.bloat_bytes, "queued"
            ),
            Queued::Again => {
                tracing::info!(connection = %name, %table, "queued again: it has changed since it was set aside, or that was long ago");
            }
            Queued::Known | Queued::Aside(_) => {}
        }
    }
    for table in left.keys().filter(|table| !ruled.contains(table)) {
        tracing::warn!(
            connection = %name, %table,
            "a daemon's run of it is left, and no rule here is about it: `repackd resume {table}` goes on with it, `repackd abort {table}` removes it"
        );
    }
    store.forget_others(name, &keep).await?;
    match store.keep_measured(name, &measurements).await {
        Ok((rows, samples)) => {
            tracing::debug!(connection = %name, rows, samples, "kept for charts")
        }
        // Nothing is decided by it.
        Err(e) => {
            tracing::warn!(connection = %name, "sizes and bloat are not kept for charts: {e}")
        }
    }
    Ok(found)
}

/// What is told of the tables looked at. Names are copied only of those that are told one by one.
fn found(decided: &[(Candidate, Decision)], repacks: &HashMap<QualifiedName, i64>) -> Found {
    let mut bloated: Vec<(&Candidate, i64)> =
        decided.iter().filter_map(|(c, _)| Some((c, c.bloat_bytes?))).collect();
    bloated.sort_by_key(|(_, bloat)| Reverse(*bloat));
    let mut repacked: Vec<_> = repacks.iter().collect();
    repacked.sort_by_key(|(_, at)| Reverse(**at));
    let size = |(candidate, bloat): &(&Candidate, i64)| {
        let (table, bytes) = (candidate.table.to_string(), candidate.sizes.total());
        Size { table, bytes, bloat: *bloat }
    };
    let success = |(table, at): &(&QualifiedName, &i64)| (table.to_string(), **at);
    Found {
        tables: decided.len(),
        due: 0,
        bloat: bloated.iter().map(|(_, bloat)| bloat).sum(),
        sizes: bloated.iter().take(OF_ONE).map(size).collect(),
        repacked: repacked.iter().take(OF_ONE).map(success).collect(),
    }
}

/// What was begun under a rule that is not there any more goes on under the one that is about the
/// table now, or is given up: no window would ever open for it.
async fn reassign(
    store: &Store,
    config: &Config,
    connection: &str,
    entries: &[Entry],
    decided: &[(Candidate, Decision)],
) -> Result<()> {
    let begun = entries.iter().filter(|e| e.begun && e.state != State::Aside);
    for entry in begun.filter(|e| rule_index(config, &e.rule).is_none()) {
        let now = decided.iter().find(|(candidate, _)| candidate.table == entry.table);
        let scope = Scope {
            connection: connection.to_owned(),
            schema: entry.table.schema.clone(),
            table: entry.table.name.clone(),
        };
        match now.and_then(|(_, decision)| decision.rule.as_ref()) {
            Some(rule) => store.change_rule(&scope, &rule.name).await?,
            None => {
                store.cancel(&scope, "the configuration, which has no rule about it").await?;
            }
        }
    }
    Ok(())
}

/// Whether the connection's own lists mean a table.
fn is_listed(connection: &Connection, table: &QualifiedName) -> bool {
    let Connection { schemas, tables, .. } = connection;
    if table.schema == STORE_SCHEMA {
        return false;
    }
    let named = |text: &String| {
        TableArg::parse(text).is_ok_and(|arg| {
            arg.name == table.name && arg.schema.as_deref().unwrap_or("public") == table.schema
        })
    };
    schemas.is_empty() && tables.is_empty()
        || schemas.contains(&table.schema)
        || tables.iter().any(named)
}

/// Analyzes tables that never were: no rule about bloat can tell anything of them. Says whether any was.
async fn analyze(
    session: &Session,
    connection: &Connection,
    measured: &[TableBloat],
) -> Result<bool> {
    let never = Basis::Unknown(Unknown::NeverAnalyzed);
    let mut any = false;
    let unknown = measured.iter().filter(|t| t.heap.basis == never && t.heap.bytes >= SMALL);
    for table in unknown.filter(|t| is_listed(connection, &t.name)).take(ANALYZED) {
        match bloat::analyze(session, &table.name).await {
            Ok(()) => any = true,
            // Somebody is at work on it, or it is not ours to analyze: it stays unknown.
            Err(error) if error.sqlstate().is_some() => {
                tracing::debug!(connection = %connection.name, table = %table.name, "{error}");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(any)
}
