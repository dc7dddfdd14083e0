//! Building the materialized views over the table a second time, in the run's schema and from the
//! shadow. In the rehearsal without data, on the empty shadow; later with what they shall hold.
//!
//! Whatever is built is compared with what it was built after before anything is committed: what it
//! is, what it reads, and how its definition is printed.

use super::journal::Built;
use super::matviews;
use crate::catalog::{Attached, Describer, Matview, Standing, difference::difference, lookup};
use crate::error::{Error, Result};
use crate::names::{QualifiedName, ident};
use crate::pg::run_all;
use crate::sql::{Subject, matviews as sql, script::Script};
use std::collections::BTreeSet;
use tokio_postgres::{Client, types::Type};

/// Builds them in the client's open transaction, which works as the table's owner before and after;
/// with the data they should hold if `filled`. Those built earlier go.
pub async fn build(
    client: &Client,
    subject: &Subject,
    shadow: u32,
    filled: bool,
) -> Result<Vec<Built>> {
    let describer = Describer::prepare(client).await?;
    let standing = matviews::standing(&describer, client, subject.oid).await?;
    let views: Vec<&Matview> = standing.iter().map(|s| &s.view).collect();
    let path = sql::printing_path(subject, &views);
    let owners = sql::owners(subject, views.iter().copied());
    discard(client, subject).await?;
    if standing.is_empty() {
        return Ok(Vec::new());
    }
    let action = "letting their owners build materialized views";
    run_all(client, action, &sql::admit(subject, &owners)).await?;
    // Who may read the table may read the shadow, and likewise further up, until all are filled.
    let readers: BTreeSet<&str> = views.iter().map(|v| v.owner()).collect();
    let mut lent = Vec::new();
    if filled {
        let table = &subject.description.relation.owner;
        lent.extend(lend(client, subject, table, subject.oid, &subject.shadow(), &readers).await?);
    }
    let action =
        |what: &str, view: &Matview| format!("{what} its materialized view {}", view.name());
    // Every definition is read before any owner's code runs, as filling does: he may create in the
    // schema that leads the path, and what he made there could stand for what another one named.
    let mut printed = Vec::new();
    for one in &standing {
        let definition = print(client, subject, &one.view, one.oid, &path).await?;
        let create = sql::create(subject, &one.view, &definition, &path);
        run_all(client, &action("building", &one.view), &create).await?;
        printed.push(definition);
    }
    for one in &standing {
        let view = &one.view;
        if filled && view.populated {
            run_all(client, &action("filling", view), &sql::fill(subject, view)).await?;
        }
        let dress = sql::dress(subject, view)?;
        run_all(client, &action("building the indexes of", view), &dress).await?;
        if filled {
            let place = sql::place(subject, view);
            lent.extend(lend(client, subject, view.owner(), one.oid, &place, &readers).await?);
        } else {
            run_all(client, &action("rehearsing", view), &sql::rehearse(subject, view)).await?;
        }
    }
    run_all(client, "taking back what was lent", &lent).await?;
    run_all(client, "taking back what was lent", &sql::shut(subject, &owners)).await?;
    let reasons = compare(client, subject, shadow, filled, &describer, &standing, &printed).await?;
    if !reasons.is_empty() {
        return Err(Error::Refused { table: subject.table.to_string(), reasons });
    }
    let row = client
        .query_one("SELECT to_char(pg_catalog.now(), 'YYYY-MM-DD HH24:MI:SS TZ')", &[])
        .await
        .map_err(Error::sql("reading the server's clock"))?;
    let at: String = row.get(0);
    let built = standing.into_iter().map(|s| Built {
        oid: s.oid,
        mark: s.mark,
        view: s.view.alone(),
        at: at.clone(),
    });
    Ok(built.collect())
}

/// Drops those in the run's schema.
pub async fn discard(client: &Client, subject: &Subject) -> Result<()> {
    let statements = drop_in(client, &subject.names.new).await?;
    run_all(client, "dropping materialized views of the run", &statements).await
}

/// The statement that drops all materialized views in one of the run's schemas. The owner of a
/// schema may drop what is in it.
pub async fn drop_in(client: &Client, schema: &str) -> Result<Vec<String>> {
    let rows = client
        .query_typed(
            "SELECT c.relname::text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = $1 AND c.relkind = 'm' ORDER BY 1",
            &[(&schema, Type::TEXT)],
        )
        .await
        .map_err(Error::sql("looking for materialized views of the run"))?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    // All at once: they may read each other.
    let names: Vec<_> =
        rows.iter().map(|r| QualifiedName::new(schema, r.get::<_, &str>(0)).sql()).collect();
    Ok(vec![format!("DROP MATERIALIZED VIEW IF EXISTS {} RESTRICT", names.join(", "))])
}

/// Lets each role read of the copy what it may read of the original. Returns the statements that
/// take that back.
async fn lend(
    client: &Client,
    subject: &Subject,
    owner: &str,
    original: u32,
    copy: &QualifiedName,
    roles: &BTreeSet<&str>,
) -> Result<Vec<String>> {
    let (mut give, mut back) = (Vec::new(), Vec::new());
    let as_owner = |statements: Vec<String>| {
        let mut script = Script::new(&subject.description.relation.owner);
        statements.into_iter().for_each(|s| script.run(owner, s));
        script.finish()
    };
    for role in roles.iter().filter(|r| **r != owner) {
        let row = client
            .query_typed_one(
                "SELECT pg_catalog.has_table_privilege($1::text, $2::oid, 'SELECT'),
                        ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a
                              WHERE a.attrelid = $2 AND a.attnum > 0 AND NOT a.attisdropped
                                AND pg_catalog.has_column_privilege($1::text, $2::oid, a.attnum, 'SELECT'))",
                &[(role, Type::TEXT), (&original, Type::OID)],
            )
            .await
            .map_err(Error::sql("looking at privileges"))?;
        let columns: Vec<String> = row.get(1);
        let list = if row.get(0) {
            String::new()
        } else if columns.is_empty() {
            continue;
        } else {
            let list: Vec<_> = columns.iter().map(|c| ident(c)).collect();
            format!(" ({})", list.join(", "))
        };
        let (copy, role) = (copy.sql(), ident(role));
        give.push(format!("GRANT SELECT{list} ON TABLE {copy} TO {role}"));
        back.push(format!("REVOKE SELECT ON TABLE {copy} FROM {role}"));
    }
    run_all(client, "lending the right to read", &as_owner(give)).await?;
    Ok(as_owner(back))
}

/// The definition as its owner sees it along `path`.
async fn print(
    client: &Client,
    subject: &Subject,
    view: &Matview,
    oid: u32,
    path: &[&str],
) -> Result<String> {
    let look = [format!("SET LOCAL ROLE {}", ident(view.owner())), sql::path(path)];
    run_all(client, "looking along a search path", &look).await?;
    let row = client
        .query_typed_one("SELECT pg_catalog.pg_get_viewdef($1::oid)", &[(&oid, Type::OID)])
        .await
        .map_err(Error::sql("printing the definition of a materialized view"))?;
    let back = [sql::path(&[]), format!("SET LOCAL ROLE {}", subject.owner())];
    run_all(client, "looking along a search path", &back).await?;
    Ok(row.get(0))
}

/// Why what was built is not what there was, if it is not.
async fn compare(
    client: &Client,
    subject: &Subject,
    shadow: u32,
    filled: bool,
    describer: &Describer,
    standing: &[Standing],
    printed: &[String],
) -> Result<Vec<String>> {
    let views: Vec<&Matview> = standing.iter().map(|s| &s.view).collect();
    let mut path = vec![subject.names.new.as_str()];
    path.extend(sql::printing_path(subject, &views));
    let mut copies = vec![shadow];
    for view in &views {
        let found = lookup::by_full_name(client, &sql::place(subject, view)).await?;
        let gone =
            || Error::Other(format!("{} is not there after CREATE", sql::place(subject, view)));
        copies.push(found.ok_or_else(gone)?.oid);
    }
    let originals: Vec<u32> =
        std::iter::once(subject.oid).chain(standing.iter().map(|s| s.oid)).collect();
    let mut reasons = Vec::new();
    for ((one, printed), copy) in standing.iter().zip(printed).zip(copies.iter().skip(1)) {
        let (view, name) = (&one.view, one.view.name());
        let schema = &subject.names.new;
        let own = &view.description.relation.name;
        let mut expected = view.description.relocated(schema, own);
        expected.attached = Attached::default();
        for s in &mut expected.statistics {
            // They go to their own owner in the exchange.
            s.owner = view.owner().to_owned();
        }
        let found = describer.matview(client, *copy).await?;
        let Some(found) = found else { continue };
        let mut found = found.relocated(schema, own);
        if filled {
            // These come with the exchange, and were rehearsed.
            (expected, found) = (expected.without_grants(), found.without_grants());
            found.relation.reloptions.clone_from(&expected.relation.reloptions);
            found.relation.toast_reloptions.clone_from(&expected.relation.toast_reloptions);
        }
        if let Some(difference) = difference(&expected, &found) {
            reasons.push(format!(
                "the copy of its materialized view {name} would differ: {difference}"
            ));
        }
        let reads = reads(client, one.oid, &originals).await?;
        let copy_reads = self::reads(client, *copy, &copies).await?;
        if let Some(other) =
            reads.iter().chain(&copy_reads).find(|r| !(reads.contains(r) && copy_reads.contains(r)))
        {
            let what = other.split_once(' ').map_or("", |(_, what)| what);
            reasons.push(format!(
                "the copy of its materialized view {name} would not read the same: {what} is what differs"
            ));
        }
        let again = print(client, subject, view, *copy, &path).await?;
        if again != *printed {
            reasons.push(format!(
                "its materialized view {name} would be printed differently after it is made again from its printed text, which happens once: make it again from that text yourself, and it stays so (it is printed as {printed} and would be as {again})"
            ));
        }
    }
    Ok(reasons)
}

async fn reads(client: &Client, view: u32, exchanged: &[u32]) -> Result<Vec<String>> {
    let row = client
        .query_typed_one(
            include_str!("../catalog/sql/matview_reads.sql"),
            &[(&view, Type::OID), (&exchanged, Type::OID_ARRAY)],
        )
        .await
        .map_err(Error::sql("looking at what a materialized view reads"))?;
    Ok(row.get(0))
}
