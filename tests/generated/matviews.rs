//! What materialized views hold on both sides.

use super::workload::Act;
use crate::support::{Outcome, same, words};
use std::collections::BTreeMap;
use tokio_postgres::Client;

/// What each materialized view holds, by its name: its rows, sorted.
pub type Held = BTreeMap<String, String>;

/// One of them.
#[derive(Debug, PartialEq, Eq)]
struct View {
    name: String,
    populated: bool,
    oid: u32,
}

/// What all that hold data would hold if they were refreshed now, each after what it reads.
pub async fn refreshed(client: &Client) -> Result<Held, String> {
    client
        .batch_execute("RESET ROLE; BEGIN; SET LOCAL statement_timeout = 0")
        .await
        .map_err(words)?;
    let views = views(client).await?;
    for view in in_order(&views) {
        refresh(client, view).await?;
    }
    let held = held(client, &views).await;
    client.batch_execute("ROLLBACK").await.map_err(words)?;
    held
}

/// Compares them, and has all hold what there is now. `early`, if nothing was done since the first
/// statements: what a refresh would have given before those. Those that the repack has built anew hold
/// either that, or what a refresh gives now if a client has refreshed one himself.
pub async fn settle(
    subject: &Client,
    control: &Client,
    early: Option<&Held>,
    first: &[Act],
) -> Outcome {
    for client in [subject, control] {
        client
            .batch_execute("RESET ROLE; SET statement_timeout = 0; SET lock_timeout = 0")
            .await
            .map_err(words)?;
    }
    let (mine, theirs) = (views(subject).await?, views(control).await?);
    let alike = |(m, t): (&View, &View)| (&m.name, m.populated) == (&t.name, t.populated);
    if mine.len() != theirs.len() || !mine.iter().zip(&theirs).all(alike) {
        return Err(format!("{theirs:?} were expected and {mine:?} found"));
    }
    if let Some(early) = early {
        let (before, found) = (held(control, &theirs).await?, held(subject, &mine).await?);
        let now = refreshed(control).await?;
        for (view, was) in mine.iter().zip(&theirs).filter(|(m, _)| m.populated) {
            let name = &view.name;
            let renewed =
                first.iter().any(|a| a.sql.starts_with("REFRESH") && a.sql.contains(name));
            let what = format!("what {name} holds");
            if view.oid == was.oid {
                same(&what, &before[name], &found[name])?;
            } else if renewed || early.get(name) != found.get(name) {
                same(&what, &now[name], &found[name])?;
            }
        }
    }
    for (client, views) in [(subject, &theirs), (control, &theirs)] {
        for view in in_order(views) {
            refresh(client, view).await?;
        }
    }
    for (name, rows) in held(control, &theirs).await? {
        same(&format!("what {name} holds"), &rows, &held(subject, &mine).await?[&name])?;
    }
    Ok(())
}

async fn views(client: &Client) -> Result<Vec<View>, String> {
    let query = "SELECT c.oid::regclass::text, c.relispopulated, c.oid FROM pg_class c
         JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'm' ORDER BY n.nspname, c.relname";
    let rows = client.query(query, &[]).await.map_err(words)?;
    let view =
        |r: &tokio_postgres::Row| View { name: r.get(0), populated: r.get(1), oid: r.get(2) };
    Ok(rows.iter().map(view).collect())
}

/// Those that hold data, in the order in which they were made.
fn in_order(views: &[View]) -> Vec<&View> {
    let mut views: Vec<&View> = views.iter().filter(|v| v.populated).collect();
    views.sort_by_key(|v| v.oid);
    views
}

async fn refresh(client: &Client, view: &View) -> Outcome {
    let sql = format!("REFRESH MATERIALIZED VIEW {}", view.name);
    client.batch_execute(&sql).await.map_err(|e| format!("{sql}: {e:?}"))
}

async fn held(client: &Client, views: &[View]) -> Result<Held, String> {
    let mut held = Held::new();
    for view in views.iter().filter(|v| v.populated) {
        let rows = client
            .query(&format!("SELECT v::text FROM {} v", view.name), &[])
            .await
            .map_err(words)?;
        let mut rows: Vec<String> =
            rows.iter().map(|r| r.get::<_, Option<String>>(0).unwrap_or_default()).collect();
        rows.sort_unstable();
        held.insert(view.name.clone(), rows.join("\n"));
    }
    Ok(held)
}
