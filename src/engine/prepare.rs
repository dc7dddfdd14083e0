//! Prepare: the run's schemas, the shadow, the key log and the journal, in one transaction.
//!
//! Before it commits, everything is rehearsed ([`rehearsal`]).

use super::journal::{Journal, State};
use super::rehearsal;
use crate::catalog;
use crate::error::{Error, Result};
use crate::job::{Figures, Phase};
use crate::names::ident;
use crate::pg::{DURABLE, READ_COMMITTED, rollback, run_all, transaction};
use crate::preflight::Preflight;
use crate::sql::{Subject, capture, schemas, shadow};
use tokio_postgres::Client;

/// Creates everything and returns the journal of the new run. `session` works as the login role;
/// `daemon` says who wants it.
pub async fn run(
    session: &crate::pg::Session,
    subject: &Subject,
    preflight: &Preflight,
    figures: Figures,
    daemon: bool,
) -> Result<Journal> {
    let owner = subject.description.relation.owner.clone();
    let prepared = transaction(session, READ_COMMITTED, async |client| {
        let shadow = create(client, subject).await?;
        let mut journal = Journal {
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
                keys_of_parent: preflight.keys_of_parent,
                matviews: Vec::new(),
                taken_over: None,
                given_up: false,
                mismatch: None,
                daemon,
                held: None,
                figures,
                login: String::new(),
                repackd: String::new(),
                host: String::new(),
                pid: 0,
            },
        };
        journal.state.sign(preflight.login.clone());
        journal.insert(client).await?;
        // From here on every error says that there is a run to go on with, or to abort. Should the
        // server crash, it has to be there.
        client.batch_execute(DURABLE).await.map_err(Error::sql("preparing the COMMIT"))?;
        Ok(journal)
    })
    .await;
    match prepared {
        Err(e) => Err(blame(session, subject, e).await),
        done => done,
    }
}

/// Does the same and takes it back, to see whether it can be done.
pub async fn rehearse(session: &crate::pg::Session, subject: &Subject) -> Result<()> {
    let begin = session.batch_execute(READ_COMMITTED).await;
    begin.map_err(Error::sql("BEGIN"))?;
    let created = create(session, subject).await;
    let rolled_back = rollback(session).await;
    if let Err(e) = created {
        return Err(blame(session, subject, e).await);
    }
    rolled_back
}

/// What an event trigger forbids is a refusal, and not to be told as a failure. Nothing of the
/// table's owner runs before the rehearsal, which tells for itself what does not work there.
async fn blame(client: &Client, subject: &Subject, error: Error) -> Error {
    if !error.is_raised() {
        return error;
    }
    let triggers = client
        .query_one(
            "SELECT string_agg(pg_catalog.quote_ident(evtname), ', ' ORDER BY evtname)
             FROM pg_catalog.pg_event_trigger WHERE evtenabled <> 'D'",
            &[],
        )
        .await;
    match triggers.map(|row| row.get::<_, Option<String>>(0)) {
        Ok(Some(names)) => Error::Refused {
            table: subject.table.to_string(),
            reasons: vec![format!(
                "event trigger {names} forbids what repacking it takes ({error}): let it make an exception for role {}, or ALTER EVENT TRIGGER … DISABLE while the table is repacked",
                subject.description.relation.owner
            )],
        },
        _ => error,
    }
}

/// Creates all but the journal, rehearses, and returns the shadow's OID.
async fn create(client: &Client, subject: &Subject) -> Result<u32> {
    let owner = ident(&subject.description.relation.owner);
    run_all(client, "creating the schemas of the run", &schemas::create(subject)).await?;
    run_all(client, "becoming the owner", &[format!("SET LOCAL ROLE {owner}")]).await?;
    run_all(client, "creating the schemas of the run", &schemas::seal_schemas(subject)).await?;
    run_all(client, "creating the key log", &schemas::tables(subject)).await?;
    run_all(client, "creating the capture function", &capture::function(subject)).await?;
    run_all(client, "creating the closing function", &capture::closing_function(subject)).await?;
    run_all(client, "creating the shadow", &shadow::create(subject)).await?;
    let shadow = shadow_oid(client, subject).await?;
    rehearsal::run(client, subject, shadow).await?;
    Ok(shadow)
}

async fn shadow_oid(client: &Client, subject: &Subject) -> Result<u32> {
    let found = catalog::lookup::by_full_name(client, &subject.shadow()).await?;
    found
        .map(|f| f.oid)
        .ok_or_else(|| Error::Other("the shadow is not there after CREATE TABLE".into()))
}
