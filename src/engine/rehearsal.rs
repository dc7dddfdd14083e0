//! The rehearsal: the empty shadow is dressed with every index, constraint, comment and privilege,
//! and with what hangs on the table; that is described, compared with the original, and rolled back.
//! What cannot be rebuilt faithfully is found out here, not after hours of copying.

use super::matview_build;
use crate::catalog::{self, Attached, Family, difference::difference};
use crate::error::{Error, Result};
use crate::pg::run_all;
use crate::sql::attached::rehearsal::{Printed, trials};
use crate::sql::{Subject, capture, exchange, grants, indexes, options, shadow};
use tokio_postgres::{Client, error::SqlState};

/// Dresses the empty shadow, compares it with the original, and takes the dress off again.
pub async fn run(client: &Client, subject: &Subject, shadow: u32) -> Result<()> {
    run_all(client, "SAVEPOINT", &["SAVEPOINT rehearsal".to_owned()]).await?;
    let table = subject.shadow().sql();
    let description = &subject.description;
    let mut statements = capture::rehearse(subject);
    for build in indexes::builds(subject)? {
        if build.name != indexes::HELPER {
            statements.extend(build.statements);
        }
    }
    // Whatever is made from here on, by whom, has nothing to do with the tablespace of an index.
    statements.push("SET LOCAL default_tablespace = ''".to_owned());
    statements.extend(indexes::finish(description, &subject.shadow())?);
    for s in &description.statistics {
        statements.extend(exchange::statistics_owner(description, s, &subject.names.new));
    }
    statements.extend(shadow::late_defaults(description, &table));
    statements.extend(exchange::late(description, &table, &subject.names));
    statements.extend(options::row_security(&description.relation, &table));
    statements.push(options::restore(&description.relation, &table));
    statements.extend(grants::exact(description, &table, &subject.names.new));
    let dressed = run_all(client, "rehearsing the new table", &statements).await;
    let refuse =
        |reason: String| Error::Refused { table: subject.table.to_string(), reasons: vec![reason] };
    match dressed {
        Ok(()) => {}
        Err(e) if e.is(&SqlState::DISK_FULL) || e.sqlstate().is_none() || e.is_lock() => {
            return Err(e);
        }
        Err(e) => return Err(refuse(format!("it cannot be rebuilt as it is: {e}"))),
    }
    let found = catalog::describe(client, shadow).await?;
    let Some(found) = found else {
        return Err(refuse("its shadow vanished in the rehearsal".into()));
    };
    let schema = &subject.names.new;
    let mut expected = description.relocated(schema, &subject.table.name).alone();
    // These stay with the original until the exchange.
    expected.attached = Attached::default();
    expected.sequences.retain(|s| s.identity);
    let mut found = found.relocated(schema, &subject.table.name);
    // What it has only until it has joined its parents.
    found.family = Family::default();
    found.constraints.retain(|c| c.name != subject.names.bound_check());
    if let Some(difference) = difference(&expected, &found) {
        return Err(refuse(format!("its copy would differ: {difference}")));
    }
    // Before functions of the same names are tried in the schema that leads its path.
    match matview_build::build(client, subject, shadow, false).await {
        Ok(_) => {}
        Err(e @ Error::Sql { .. }) if e.sqlstate().is_some() && !e.is_lock() => {
            return Err(refuse(format!("it cannot be rebuilt as it is: {e}")));
        }
        Err(e) => return Err(e),
    }
    attached(client, subject).await?;
    run_all(
        client,
        "ROLLBACK TO SAVEPOINT",
        &["ROLLBACK TO SAVEPOINT rehearsal; RELEASE SAVEPOINT rehearsal".to_owned()],
    )
    .await
}

/// Makes what hangs on the table a second time and compares how it is printed.
async fn attached(client: &Client, subject: &Subject) -> Result<()> {
    let mut reasons = Vec::new();
    for trial in trials(subject, &printed(client, subject).await?) {
        let what = trial.what;
        match run_all(client, &format!("rehearsing {what}"), &trial.statements).await {
            Ok(()) => {}
            Err(e) if e.sqlstate().is_none() || e.is_lock() => return Err(e),
            Err(e) => {
                // The transaction has failed: there is no asking any further.
                reasons.push(format!("its {what} cannot be made again as it is: {e}"));
                break;
            }
        }
        let row = client.query_one(&trial.print, &[]).await.map_err(Error::sql("rehearsing"))?;
        let found: String = row.get(0);
        if found != trial.expected {
            reasons.push(format!(
                "its {what} would be printed differently after it is made again from its printed text, which happens once: make it again from that text yourself, and it stays so (it is printed as {} and would be as {found})",
                trial.expected
            ));
        }
    }
    if reasons.is_empty() {
        return Ok(());
    }
    Err(Error::Refused { table: subject.table.to_string(), reasons })
}

async fn printed(client: &Client, subject: &Subject) -> Result<Printed> {
    let row = client
        .query_one(
            "SELECT pg_catalog.format('%I.%I', $1::text, $3::text), pg_catalog.format('%I.%I', $2::text, $3::text)",
            &[&subject.table.schema, &subject.names.new, &subject.table.name],
        )
        .await
        .map_err(Error::sql("quoting the names of table and shadow"))?;
    Ok(Printed { table: row.get(0), shadow: row.get(1) })
}
