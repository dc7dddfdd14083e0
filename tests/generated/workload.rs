//! What clients do, each statement with the same effect on equal tables: none looks at the order of
//! rows, the time or the session.

use super::objects::{Call, Column, Table};
use super::scene::{Scene, insert};
use super::spec;
use crate::support::random::Random;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, SimpleQueryMessage};

/// Statements of one transaction, or each by itself.
#[derive(Debug, Clone)]
pub struct Act {
    /// Who does it; nobody: the superuser.
    role: Option<&'static str>,
    /// What.
    pub sql: String,
    /// Whether what it gives is as old as a REFRESH.
    pub aged: bool,
}

/// What came of it: rows and counts, or an SQLSTATE.
pub type Effect = Result<Vec<String>, String>;

/// The statements, in their order.
pub fn acts(scene: &Scene, actions: &[spec::Action]) -> Vec<Act> {
    let on = actions.iter().enumerate().filter(|(_, a)| a.on);
    on.map(|(place, action)| act(scene, place, &mut Random::new(action.seed, 5))).collect()
}

fn act(scene: &Scene, place: usize, random: &mut Random) -> Act {
    let t = scene.tables[through(scene, random)].clone();
    let role = match random.range(0, 100) {
        0..12 => Some("shape_writer"),
        12..25 => Some(t.owner),
        _ => None,
    };
    let mut aged = false;
    let mut next = |at: usize, random: &mut Random| {
        let call = statement(scene, &t, place * 100 + at, random);
        aged |= call.aged;
        call.sql
    };
    let first = next(1000, random);
    let sql = match random.range(0, 10) {
        0 => format!(
            "BEGIN; {first}; SAVEPOINT a; {}; ROLLBACK TO a; {}; COMMIT",
            next(1040, random),
            next(1060, random)
        ),
        1 => format!("BEGIN; {first}; {}; ROLLBACK", next(1040, random)),
        2 => {
            format!("BEGIN; SET CONSTRAINTS ALL DEFERRED; {first}; {}; COMMIT", next(1040, random))
        }
        _ => first,
    };
    Act { role, sql, aged }
}

/// A table; one that has parents is often written to by way of them.
fn through(scene: &Scene, random: &mut Random) -> usize {
    let mut at = scene.any_table(random);
    while let Some(parent) = scene.tables[at]
        .parents
        .get(random.range(0, 2) as usize % scene.tables[at].parents.len().max(1))
    {
        if !random.percent(if scene.tables[at].partition { 70 } else { 35 }) {
            break;
        }
        at = *parent;
    }
    at
}

fn statement(scene: &Scene, t: &Table, start: usize, random: &mut Random) -> Call {
    let (mut sql, n) = (t.sql(), t.number());
    if !t.partitioned && !t.children.is_empty() && random.percent(25) {
        sql.insert_str(0, "ONLY ");
    }
    let (m, r) = (random.range(5, 40), random.range(0, 5));
    let few = format!("{n} % {m} = {r}");
    let written: Vec<&Column> = t.columns[1..].iter().filter(|c| c.written).collect();
    let sql = match random.range(0, 25) {
        0..5 => insert(
            t,
            &format!("generate_series({start}, {}) gen_i", start as i64 + random.range(0, 30)),
        ),
        5 => format!(
            "{} ON CONFLICT DO NOTHING",
            insert(t, &format!("generate_series(30, {}) gen_i", random.range(30, 90)))
        ),
        6 => format!(
            "{} ON CONFLICT ({n}) DO UPDATE SET {n} = excluded.{n} + 70000",
            insert(t, "generate_series(3, 9) gen_i")
        ),
        7..12 if !written.is_empty() => {
            let c = written[random.range(0, written.len() as i64) as usize];
            // Unique values belong to the number of their row.
            let value = if c.can('u') { c.value(n) } else { c.value(&format!("({n} + 11)")) };
            let value = if random.percent(20) { "DEFAULT".to_owned() } else { value };
            format!("UPDATE {sql} AS own_row SET {} = {value} WHERE {few}", c.name)
        }
        7..15 => {
            // The row moves, with all that is unique in it.
            let shift = 50_000 + random.range(0, 100) * 997;
            let moved: Vec<String> = t
                .columns
                .iter()
                .filter(|c| c.written && (c.can('u') || c.name == n))
                .map(|c| format!("{} = {}", c.name, c.value(&format!("({n} + {shift})"))))
                .collect();
            let one =
                if random.percent(50) { few } else { format!("{n} = {}", 3 * random.range(1, 99)) };
            format!("UPDATE {sql} SET {} WHERE {one}", moved.join(", "))
        }
        15 | 16 => format!("DELETE FROM {sql} WHERE {few}"),
        17 => format!("DELETE FROM {sql} WHERE {n} = {}", 3 * random.range(1, 99)),
        18 if random.percent(30) => {
            format!("TRUNCATE {sql}{}", ["", " CASCADE"][random.range(0, 2) as usize])
        }
        19 if scene.version >= 15 => format!(
            "MERGE INTO {sql} AS own_row USING generate_series(3, 60) AS gen_i ON own_row.{n} = gen_i * 3 WHEN MATCHED AND gen_i % 4 = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET {n} = own_row.{n} + 90000"
        ),
        20 | 21 if !scene.views.is_empty() => {
            let writable: Vec<_> = scene.views.iter().filter(|v| v.writable).collect();
            let at = random.range(0, writable.len() as i64) as usize;
            match (writable.get(at), random.range(0, 3)) {
                (Some(v), 0) => format!(
                    "UPDATE {0} SET {1} = {1} + 80000 WHERE {1} % {m} = {r}",
                    v.sql, v.column
                ),
                (Some(v), 1) => format!("DELETE FROM {} WHERE {} % {m} = {r}", v.sql, v.column),
                (Some(v), _) => format!("INSERT INTO {} ({}) VALUES ({start})", v.sql, v.column),
                _ => format!("SELECT count(*), sum({n}) FROM {sql}"),
            }
        }
        22..25 if !scene.calls.is_empty() => {
            return scene.calls[random.range(0, scene.calls.len() as i64) as usize].clone();
        }
        _ => format!("SELECT count(*), sum({n}), min({n}) FROM {sql} WHERE {n} > {m}"),
    };
    Call { sql, aged: false }
}

/// Does them one after the other in one session, with pauses if others shall get between.
pub async fn run(client: &Client, acts: &[Act], pause: Duration) -> Result<Vec<Effect>, String> {
    // Only repackd has to live with that.
    client.batch_execute("SET exit_on_error = off").await.map_err(crate::support::words)?;
    let mut effects = Vec::new();
    for act in acts {
        effects.push(one(client, act).await?);
        tokio::time::sleep(pause).await;
    }
    Ok(effects)
}

async fn one(client: &Client, act: &Act) -> Result<Effect, String> {
    let role = act.role.map_or("RESET ROLE".to_owned(), |r| format!("SET ROLE {r}"));
    for _ in 0..5 {
        client.batch_execute(&role).await.map_err(crate::support::words)?;
        let result = client.simple_query(&act.sql).await;
        let deadlock =
            |e: &tokio_postgres::Error| e.code() == Some(&SqlState::T_R_DEADLOCK_DETECTED);
        match result {
            Ok(messages) => return Ok(Ok(effect(&messages))),
            Err(e) => {
                if e.code().is_none() {
                    return Err(format!("a client lost its connection: {e:?} at {}", act.sql));
                }
                client.batch_execute("ROLLBACK").await.map_err(crate::support::words)?;
                if !deadlock(&e) {
                    let code = e.code().map_or(String::new(), |c| c.code().to_owned());
                    return Ok(Err(code));
                }
            }
        }
    }
    Err(format!("a client met a deadlock five times at {}", act.sql))
}

fn effect(messages: &[SimpleQueryMessage]) -> Vec<String> {
    let mut rows: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let mut statement = 0;
    for message in messages {
        match message {
            SimpleQueryMessage::Row(row) => {
                let values: Vec<&str> =
                    (0..row.len()).map(|i| row.get(i).unwrap_or("NULL")).collect();
                rows.entry(statement).or_default().push(values.join("|"));
            }
            SimpleQueryMessage::CommandComplete(n) => {
                rows.entry(statement).or_default().push(format!("{n} rows"));
                statement += 1;
            }
            _ => {}
        }
    }
    rows.into_values()
        .map(|mut lines| {
            lines.sort_unstable();
            lines.join("; ")
        })
        .collect()
}
