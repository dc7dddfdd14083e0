//! The fingerprint: whoever changes the table during a run wins.

use super::context::Run;
use super::matviews;
use crate::catalog::{
    Attached, Describer, Standing, TableDescription, difference::difference, key, matviews::with,
};
use crate::error::{Error, Result};
use crate::names::QualifiedName;
use crate::pg::Session;
use crate::preflight::{DEPENDENTS, FIRING_ORDER};
use futures_util::future::try_join_all;
use tokio_postgres::{Statement, types::Type};

/// Fails if the table is not what it was. What is read anew at the cutover is left out: privileges,
/// and what hangs on the table. So are the sequences of serial columns, which are not exchanged.
pub fn compare(
    table: &QualifiedName,
    expected: &TableDescription,
    now: Option<&TableDescription>,
) -> Result<()> {
    let changed = |difference| Err(Error::Changed { table: table.clone(), difference });
    let Some(now) = now else { return changed("it was dropped".to_owned()) };
    let (mut expected, mut now) = (expected.without_grants(), now.without_grants());
    expected.sequences.retain(|s| s.identity);
    now.sequences.retain(|s| s.identity);
    expected.attached = Attached::default();
    now.attached = Attached::default();
    match difference(&expected, &now) {
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
    firing_order: Statement,
    capture: Statement,
}

/// The table as it is under the locks of the cutover.
pub struct Now {
    /// The table, with what hangs on it.
    pub table: TableDescription,
    /// The materialized views over it.
    pub matviews: Vec<Standing>,
}

/// $1 the table, $2 the triggers, $3 the run's schema: how many are on it and fire always. Someone
/// who disables the triggers of a table and enables them again, as a data-only restore does, leaves
/// them firing, but not always.
const CAPTURE: &str = "SELECT count(*) FROM pg_catalog.pg_trigger t
     JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
     JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
     WHERE t.tgrelid = $1 AND t.tgname = ANY ($2) AND t.tgenabled = 'A' AND n.nspname = $3";

impl Checker {
    /// Prepares them, and runs them a first time so that their plans are kept.
    pub async fn prepare(run: &Run<'_>, session: &Session) -> Result<Self> {
        let failed = || Error::sql("preparing to compare the table with its fingerprint");
        session.batch_execute("SET plan_cache_mode = force_generic_plan").await.map_err(failed())?;
        let describer = Describer::prepare(session.client()).await?;
        let dependents = session
            .prepare_typed(DEPENDENTS, &[Type::OID, Type::TEXT_ARRAY, Type::BOOL])
            .await
            .map_err(failed())?;
        let firing_order =
            session.prepare_typed(FIRING_ORDER, &[Type::OID, Type::BOOL]).await.map_err(failed())?;
        let capture = session
            .prepare_typed(CAPTURE, &[Type::OID, Type::TEXT_ARRAY, Type::TEXT])
            .await
            .map_err(failed())?;
        let me = Self { describer, dependents, firing_order, capture };
        me.check(run, session).await?;
        Ok(me)
    }

    /// Compares the table with its fingerprint, looks for new dependents, and makes sure that
    /// nothing went past capture. Returns the table as it is now.
    pub async fn check(&self, run: &Run<'_>, session: &Session) -> Result<Now> {
        let oid = run.subject.oid;
        let own: &[String] = &run.subject.names.triggers();
        let failed = || Error::sql("comparing the table with its fingerprint");
        let keys_of_parent = run.journal.state.keys_of_parent;
        let dependents = async |oid: u32| {
            let all = session.query(&self.dependents, &[&oid, &own, &keys_of_parent]).await;
            all.map_err(failed())
        };
        let firing_order = async {
            let all = session.query(&self.firing_order, &[&oid, &keys_of_parent]).await;
            all.map_err(failed())
        };
        let capture = async {
            session
                .query_one(&self.capture, &[&oid, &own, &run.subject.names.work])
                .await
                .map_err(failed())
        };
        let (now, matviews, on_table, order, capture) = tokio::try_join!(
            self.describer.alone(session.client(), oid),
            matviews::standing(&self.describer, session.client(), oid),
            dependents(oid),
            firing_order,
            capture
        )?;
        let on_matviews = try_join_all(matviews.iter().map(|m| dependents(m.oid))).await?;
        let changed = |difference| Error::Changed { table: run.subject.table.clone(), difference };
        compare(&run.subject.table, &run.subject.description, now.as_ref())?;
        if let Some(first) = on_table.first().or(order.first()) {
            return Err(changed(format!("it has {} now", first.get::<_, String>(0))));
        }
        for (one, found) in matviews.iter().zip(on_matviews) {
            if let Some(first) = found.first() {
                let (name, what) = (one.view.name(), first.get::<_, String>(0));
                return Err(changed(format!("its materialized view {name} has {what} now")));
            }
        }
        if run.is_captured() && capture.get::<_, i64>(0) != 2 {
            return Err(changed(
                "its capture triggers were dropped or disabled, so changes may have been missed"
                    .into(),
            ));
        }
        let table = now.ok_or_else(|| changed("it was dropped".into()))?;
        Ok(Now { table: with(table, &matviews), matviews })
    }
}

/// The check that comes before anything else when a run is resumed.
///
/// Whoever owns the table owns the journal too and may have written anything into it. So nothing of
/// a journal is put into SQL, a name apart, before this has found it equal to the catalog.
pub async fn check(run: &Run<'_>) -> Result<()> {
    let observer = &run.sessions.observer;
    let changed = |difference| Err(Error::Changed { table: run.subject.table.clone(), difference });
    if run.subject.table != run.subject.description.name() {
        return changed("its journal calls it by two names".to_owned());
    }
    Checker::prepare(run, observer).await?;
    if key::choose(observer.client(), run.subject.oid).await?.as_ref() != Some(&run.subject.key) {
        return changed("it has another key".to_owned());
    }
    let owner = &run.subject.description.relation.owner;
    if run.journal.owner != *owner {
        return changed(format!("its owner is {owner}, that of the run {}", run.journal.owner));
    }
    Ok(())
}
