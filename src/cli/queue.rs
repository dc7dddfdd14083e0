//! What a person tells daemons, and asks about them, through the store: `pause`, `cancel`, the first
//! half of `resume`, the second of `status`.

use super::context::Context;
use super::grid::grid;
use crate::error::{Error, Result};
use crate::names::{QualifiedName, TableArg, readable};
use crate::store::{Daemon, Entry, Pause, Scope, State, Store, time};
use serde_json::{Value, json};

/// Who says so, for others to read.
pub fn myself() -> String {
    let user = whoami::username().unwrap_or_else(|_| "?".into());
    format!("{user}@{}", whoami::hostname().unwrap_or_else(|_| "?".into()))
}

/// What tables and connections on a command line mean. Neither: everything, wherever it is.
fn scopes(context: &Context, tables: &[TableArg]) -> Vec<Scope> {
    if tables.is_empty() && context.everywhere {
        return vec![Scope::default()];
    }
    let connections = context.targets.iter().map(|target| target.job.connection.clone());
    connections
        .flat_map(|connection| match tables {
            [] => vec![Scope { connection, ..Scope::default() }],
            tables => tables
                .iter()
                .map(|table| Scope {
                    connection: connection.clone(),
                    schema: table.schema.clone().unwrap_or_default(),
                    table: table.name.clone(),
                })
                .collect(),
        })
        .collect()
}

async fn needed(context: &Context) -> Result<Store> {
    match context.store().await? {
        Some(store) => Ok(store),
        None => Err(Error::Other(format!(
            "there is no store at {}: no daemon has run with this configuration, so there is nothing to tell it",
            context.place.describe()
        ))),
    }
}

/// Has daemons leave tables alone until `resume`.
pub async fn pause(context: &mut Context, tables: &[TableArg]) -> Result<u8> {
    let store = needed(context).await?;
    let (mut document, mut text) = (Vec::new(), String::new());
    for scope in scopes(context, tables) {
        store.pause(&scope, &myself()).await?;
        text.push_str(&format!(
            "{scope} is paused: a run at work stops at the next chunk and keeps what it has; `repackd resume` ends the pause\n"
        ));
        document.push(scope_json(&scope));
    }
    Ok(context.finish("paused", document.into(), &text))
}

/// Has daemons give tables up.
pub async fn cancel(context: &mut Context, tables: &[TableArg]) -> Result<u8> {
    let store = needed(context).await?;
    let (mut document, mut text) = (Vec::new(), String::new());
    for mut scope in scopes(context, tables) {
        let all = match scope.connection.is_empty() {
            true => context.targets.iter().map(|t| t.job.connection.clone()).collect(),
            false => vec![scope.connection.clone()],
        };
        for connection in all {
            scope.connection = connection;
            let (asked, aside) = store.cancel(&scope, &myself()).await?;
            text.push_str(&match (asked, aside) {
                (0, 0) => format!("{scope}: nothing of it is queued\n"),
                _ => format!(
                    "{scope}: {} given up by whichever daemon has or claims them, {aside} set aside; `repackd resume` puts them back into the queue\n",
                    asked
                ),
            });
            let mut value = scope_json(&scope);
            (value["asked"], value["set_aside"]) = (asked.into(), aside.into());
            document.push(value);
        }
    }
    Ok(context.finish("cancelled", document.into(), &text))
}

/// Ends pauses, puts what was set aside back into the queue, and finds out which runs are a daemon's to
/// go on with. Returns whether there is anything left for this process to do.
pub async fn unpause(context: &mut Context, tables: &[TableArg]) -> Result<bool> {
    let Some(store) = context.store().await? else { return Ok(true) };
    for scope in scopes(context, tables) {
        let pauses = store.unpause(&scope).await?;
        if pauses > 0 {
            context.console.say(&format!("repackd: {scope} is not paused any more"));
        }
        // Only what is named: what was set aside had its reasons.
        if scope.table.is_empty() {
            continue;
        }
        let back = store.bring_back(&scope).await?;
        if back > 0 {
            context.console.say(&format!("repackd: {scope} is back in the queue"));
        }
    }
    if !store.daemons().await?.iter().any(|daemon| daemon.alive) {
        return Ok(true);
    }
    let ours = |entry: &Entry| {
        context.targets.iter().any(|t| t.job.connection == entry.connection)
            && entry.state != State::Aside
    };
    let queued: Vec<_> = store.entries().await?.into_iter().filter(ours).collect();
    let named = |table: &TableArg| queued.iter().any(|entry| is(table, &entry.table));
    let all_queued = !tables.is_empty() && tables.iter().all(named);
    context.left = queued.into_iter().map(|e| (e.connection, e.table)).collect();
    if all_queued {
        for table in tables {
            context.console.say(&format!(
                "repackd: {table} is in a daemon's queue; it goes on with it when a window of its rule is open"
            ));
        }
    }
    Ok(!all_queued)
}

/// What the store adds to `status`: text, and what goes into the JSON document.
pub async fn status(context: &mut Context, tables: &[TableArg]) -> Result<String> {
    let Some(store) = context.store().await? else { return Ok(String::new()) };
    let seen = Seen::read(&store, context, tables).await?;
    let text = seen.text(context.console.result_width());
    context.also("queue", seen.entries.iter().map(entry_json).collect());
    context.also("daemons", seen.daemons.iter().map(daemon_json).collect());
    context.also("pauses", seen.pauses.iter().map(pause_json).collect());
    Ok(text)
}

/// What the store says of all that goes on.
pub struct Seen {
    entries: Vec<Entry>,
    daemons: Vec<Daemon>,
    pauses: Vec<Pause>,
}

impl Seen {
    /// Asks it.
    pub async fn read(store: &Store, context: &Context, tables: &[TableArg]) -> Result<Self> {
        let (entries, daemons, pauses) =
            (store.entries().await?, store.daemons().await?, store.pauses().await?);
        let meant = |entry: &Entry| {
            (context.everywhere
                || context.targets.iter().any(|t| t.job.connection == entry.connection))
                && (tables.is_empty() || tables.iter().any(|t| is(t, &entry.table)))
        };
        Ok(Self { entries: entries.into_iter().filter(meant).collect(), daemons, pauses })
    }

    /// In words.
    pub fn text(&self, width: usize) -> String {
        text(&self.entries, &self.daemons, &self.pauses, width)
    }
}

/// Whether a name on the command line means a table.
pub fn is(arg: &TableArg, table: &QualifiedName) -> bool {
    arg.name == table.name && arg.schema.as_ref().is_none_or(|s| *s == table.schema)
}

fn text(entries: &[Entry], daemons: &[Daemon], pauses: &[Pause], width: usize) -> String {
    let mut text = String::new();
    if entries.is_empty() {
        text.push_str("\nnothing queued\n");
    } else {
        let mut table = grid(&["connection", "table", "state", "rule", "tried", "why"], width);
        for entry in entries {
            table.add_row([
                entry.connection.clone(),
                entry.table.to_string(),
                entry.state_words(),
                entry.rule.clone(),
                entry.attempts.to_string(),
                entry.why(),
            ]);
        }
        text.push_str(&format!("\n{}\n", table.trim_fmt()));
    }
    for pause in pauses {
        text.push_str(&format!(
            "paused: {} by {} since {}\n",
            pause.scope,
            pause.by,
            time(pause.at)
        ));
    }
    for daemon in daemons.iter().filter(|d| d.alive) {
        text.push_str(&format!(
            "daemon {}, repackd {}, last heard of {}\n",
            daemon.id,
            daemon.version,
            time(daemon.seen_at)
        ));
    }
    if !daemons.iter().any(|d| d.alive) {
        text.push_str("no daemon is alive\n");
    }
    text
}

fn scope_json(scope: &Scope) -> Value {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    json!({
        "connection": some(&scope.connection),
        "schema": some(&scope.schema),
        "table": some(&scope.table).map(|t| readable(&t)),
    })
}

fn entry_json(entry: &Entry) -> Value {
    json!({
        "connection": entry.connection,
        "table": entry.table.to_string(),
        "rule": entry.rule,
        "state": entry.state.name(),
        "begun": entry.begun,
        "attempts": entry.attempts,
        "reason": entry.reason,
        "daemon": entry.owner,
        "lease_over": entry.expired,
        "phase": entry.phase,
        "progress": entry.progress,
        "cancelled": entry.wanted.is_some(),
        "again_in_seconds": (entry.state == State::Waiting).then(|| entry.wait_ms.max(0) / 1000),
        "queued": time(entry.queued_at),
    })
}

fn daemon_json(daemon: &Daemon) -> Value {
    json!({
        "id": daemon.id,
        "host": daemon.host,
        "pid": daemon.pid,
        "repackd": daemon.version,
        "alive": daemon.alive,
        "seen": time(daemon.seen_at),
    })
}

fn pause_json(pause: &Pause) -> Value {
    let mut value = scope_json(&pause.scope);
    (value["by"], value["since"]) = (pause.by.clone().into(), time(pause.at).into());
    value
}
