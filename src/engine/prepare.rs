//! Prepare: the run's schemas, the shadow, the key log and the journal, in one transaction.
//!
//! Before it commits, the empty shadow is dressed with every index, constraint, comment and
//! privilege, described, and compared with the original; then that is rolled back. What cannot be
//! rebuilt faithfully is found out here, not after hours of copying.

use super::journal::{Journal, State};
use crate::catalog::{self, Attached, difference::difference};
use crate::error::{Error, Result};
use crate::job::{Figures, Phase};
use crate::names::ident;
use crate::pg::{READ_COMMITTED, run_all, transaction};
use crate::preflight::Preflight;
use crate::sql::{Subject, capture, exchange, grants, indexes, options, schemas, shadow};
use tokio_postgres::{Client, error::SqlState};

/// Creates everything and returns the journal of the new run. `session` works as the login role.
pub async fn run(
    session: &crate::pg::Session,
    subject: &Subject,
    preflight: &Preflight,
    figures: Figures,
) -> Result<Journal> {
    let owner = subject.description.relation.owner.clone();
    transaction(session, READ_COMMITTED, async |client| {
        run_all(client, "creating the schemas of the run", &schemas::create(subject)).await?;
        run_all(client, "becoming the owner", &[format!("SET LOCAL ROLE {}", ident(&owner))])
            .await?;
        run_all(client, "creating the schemas of the run", &schemas::seal_schemas(subject)).await?;
        run_all(client, "creating the key log", &schemas::tables(subject)).await?;
        run_all(client, "creating the capture function", &capture::function(subject)).await?;
        run_all(client, "creating the shadow", &shadow::create(subject)).await?;
        let shadow = shadow_oid(client, subject).await?;
        rehearse(client, subject, shadow).await?;
        let journal = Journal {
            table_oid: subject.oid,
            shadow_oid: shadow,
            owner,
            phase: Phase::Capture,
            state: State {
                table: subject.table.clone(),
                description: subject.description.clone(),
                key: subject.key.clone(),
                pages: None,
                filenode: None,
                finished: false,
                released: Vec::new(),
                taken_over: None,
                figures,
                login: preflight.login.clone(),
                repackd: env!("CARGO_PKG_VERSION").to_owned(),
            },
        };
        journal.insert(client).await?;
        Ok(journal)
    })
    .await
}

async fn shadow_oid(client: &Client, subject: &Subject) -> Result<u32> {
    let found = catalog::lookup::by_full_name(client, &subject.shadow()).await?;
    found
        .map(|f| f.oid)
        .ok_or_else(|| Error::Other("the shadow is not there after CREATE TABLE".into()))
}

/// Dresses the empty shadow, compares it with the original, and takes the dress off again.
async fn rehearse(client: &Client, subject: &Subject, shadow: u32) -> Result<()> {
    run_all(client, "SAVEPOINT", &["SAVEPOINT rehearsal".to_owned()]).await?;
    let table = subject.shadow().sql();
    let description = &subject.description;
    let mut statements = capture::rehearse(subject);
    for build in indexes::builds(subject)? {
        if build.name != indexes::HELPER {
            statements.extend(build.statements);
        }
    }
    statements.extend(indexes::finish(subject)?);
    for s in &description.statistics {
        statements.extend(exchange::statistics_owner(description, s, &subject.names.new));
    }
    statements.extend(shadow::late_defaults(description, &table));
    statements.extend(exchange::late(description, &table));
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
    let mut expected = description.relocated(schema, &subject.table.name);
    // These stay with the original until the exchange.
    expected.attached = Attached::default();
    expected.sequences.retain(|s| s.identity);
    let found = found.relocated(schema, &subject.table.name);
    if let Some(difference) = difference(&expected, &found) {
        return Err(refuse(format!("its copy would differ: {difference}")));
    }
    run_all(
        client,
        "ROLLBACK TO SAVEPOINT",
        &["ROLLBACK TO SAVEPOINT rehearsal; RELEASE SAVEPOINT rehearsal".to_owned()],
    )
    .await
}
