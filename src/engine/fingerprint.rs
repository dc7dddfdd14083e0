//! The fingerprint: whoever changes the table during a run wins.

use super::context::Run;
use crate::catalog::{Describer, TableDescription, difference::difference};
use crate::error::{Error, Result};
use crate::names::QualifiedName;
use crate::pg::Session;
use crate::preflight::DEPENDENTS;
use tokio_postgres::{Statement, types::Type};

/// Fails if the table is not what it was, privileges apart, which are read anew at the cutover.
pub fn compare(
    table: &QualifiedName,
    expected: &TableDescription,
    now: Option<&TableDescription>,
) -> Result<()> {
    let changed = |difference| Err(Error::Changed { table: table.clone(), difference });
    let Some(now) = now else { return changed("it was dropped".to_owned()) };
    match difference(&expected.without_grants(), &now.without_grants()) {
        Some(difference) => changed(difference),
        None => Ok(()),
    }
}

/// The statements of the check, prepared on the session that will hold the locks. Planning them
/// under a lock would take longer than all the rest of the cutover.
pub struct Checker {
    /// Describes tables.
    pub describer: Describer,
    dependents: Statement,
}

impl Checker {
    /// Prepares them, and runs them a first time so that their plans are kept.
    pub async fn prepare(run: &Run<'_>, session: &Session) -> Result<Self> {
        session
            .batch_execute("SET plan_cache_mode = force_generic_plan")
            .await
            .map_err(Error::sql("setting plan_cache_mode"))?;
        let describer = Describer::prepare(session.client()).await?;
        let dependents = session
            .prepare_typed(DEPENDENTS, &[Type::OID, Type::TEXT_ARRAY])
            .await
            .map_err(Error::sql("preparing to list what depends on the table"))?;
        let me = Self { describer, dependents };
        me.check(run, session).await?;
        Ok(me)
    }

    /// Compares the table with its fingerprint, and looks for new dependents. Returns the table as
    /// it is now.
    pub async fn check(&self, run: &Run<'_>, session: &Session) -> Result<TableDescription> {
        let oid = run.subject.oid;
        let own: &[String] = &run.subject.names.triggers();
        let dependents = async {
            session
                .query(&self.dependents, &[&oid, &own])
                .await
                .map_err(Error::sql("listing what depends on the table"))
        };
        let (now, dependents) =
            tokio::try_join!(self.describer.describe(session.client(), oid), dependents)?;
        compare(&run.subject.table, &run.subject.description, now.as_ref())?;
        if let Some(first) = dependents.first() {
            return Err(Error::Changed {
                table: run.subject.table.clone(),
                difference: format!("it has {} now", first.get::<_, String>(0)),
            });
        }
        now.ok_or_else(|| Error::Other("the table is gone".into()))
    }
}
