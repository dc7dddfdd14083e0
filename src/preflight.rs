//! Preflight: everything about a table read in one snapshot, and whether it can be repacked.

use crate::bloat;
use crate::catalog::{self, Key, TableDescription, key, lookup, lookup::Found};
use crate::error::{Error, Result};
use crate::names::RunNames;
use crate::pg::{READ_ONLY, Session, transaction};
use crate::refusal::{self, Facts, Privileges};
use tokio_postgres::{Client, types::Type};

/// How many bytes of a table may have to be read under the cutover's lock. 8 MB of narrow rows take
/// 15 ms to look through, and 45 ms to join with what they refer to: a quarter of the usual budget.
const READ_UNDER_LOCK: i64 = 8 << 20;

/// The table as it is, and every reason against repacking it.
#[derive(Debug, Clone)]
pub struct Preflight {
    /// The description.
    pub description: TableDescription,
    /// The key, if there is one.
    pub key: Option<Key>,
    /// Who logs in.
    pub login: String,
    /// Whether the foreign keys that a partition has from its parent are taken off that: there would be
    /// too much to read otherwise.
    pub keys_of_parent: bool,
    /// Why not; empty if it can be done.
    pub reasons: Vec<String>,
}

/// Looks at the table, which must still be there.
pub async fn look(session: &Session, table: &Found, trust_owner: bool) -> Result<Preflight> {
    let oid = table.oid;
    let dropped = || Error::Refused {
        table: table.name.to_string(),
        reasons: vec!["it was dropped a moment ago".into()],
    };
    transaction(session, READ_ONLY, async |client| {
        let mut description = catalog::describe(client, oid).await?.ok_or_else(dropped)?;
        let heap = lookup::sizes(client, oid).await?.heap;
        let estimate = bloat::of_table(client, oid).await?;
        let expected = estimate.and_then(|t| t.heap.expected).map_or(heap, |e| e.min(heap));
        let keys = description.attached.foreign_keys.iter().filter(|k| k.inherited).count() as i64;
        let keys_of_parent =
            description.attached.has_keys_of_parent() && expected * keys > READ_UNDER_LOCK;
        description.attached.settle(keys_of_parent);
        let privileges = privileges(client, oid).await?.ok_or_else(dropped)?;
        let (key, (dependents, needs), scans, foreign_code) = if description.relation.kind == "r" {
            tokio::try_join!(
                key::choose(client, oid),
                hanging(client, oid, keys_of_parent),
                scans(client, oid, expected),
                strings(client, include_str!("catalog/sql/foreign_code.sql"), oid)
            )?
        } else {
            Default::default()
        };
        let facts = Facts {
            description,
            key,
            privileges,
            dependents,
            needs,
            scans,
            foreign_code,
            trust_owner,
        };
        let reasons = refusal::reasons(&facts);
        Ok(Preflight {
            description: facts.description,
            key: facts.key,
            login: facts.privileges.login,
            keys_of_parent,
            reasons,
        })
    })
    .await
}

/// Lists whatever hangs on a table and cannot be carried over: $1 its OID, $2 triggers to leave out,
/// $3 whether foreign keys of its parent are taken off.
pub const DEPENDENTS: &str = include_str!("catalog/sql/dependents.sql");

/// Lists pairs of foreign keys whose order would be lost: $1 the table, $2 as the $3 above.
pub const FIRING_ORDER: &str = include_str!("catalog/sql/firing_order.sql");

/// Whatever hangs on the table and cannot be carried over, repackd's own triggers left out.
pub async fn dependents(client: &Client, oid: u32, keys_of_parent: bool) -> Result<Vec<String>> {
    let own: &[String] = &RunNames::new(oid).triggers();
    let failed = || Error::sql("listing what depends on the table");
    let mut rows = client
        .query_typed(
            DEPENDENTS,
            &[(&oid, Type::OID), (&own, Type::TEXT_ARRAY), (&keys_of_parent, Type::BOOL)],
        )
        .await
        .map_err(failed())?;
    let more = client
        .query_typed(FIRING_ORDER, &[(&oid, Type::OID), (&keys_of_parent, Type::BOOL)])
        .await
        .map_err(failed())?;
    rows.extend(more);
    Ok(rows.iter().map(|r| r.get(0)).collect())
}

/// What the roles concerned lack to carry over what can be, as seen by the login role.
pub async fn needs(client: &Client, oid: u32, keys_of_parent: bool) -> Result<Vec<String>> {
    let standing = catalog::Describer::prepare(client).await?.matviews(client, oid).await?;
    let mut all = needs_of(client, oid, keys_of_parent).await?;
    for one in standing {
        all.extend(needs_of(client, one.oid, false).await?);
        let name = one.view.name();
        let Some(lacking) = privileges(client, one.oid).await? else { continue };
        all.extend(refusal::matview_privileges(&name, one.view.owner(), &lacking));
    }
    all.dedup();
    Ok(all)
}

async fn needs_of(client: &Client, oid: u32, keys_of_parent: bool) -> Result<Vec<String>> {
    let rows = client
        .query_typed(
            include_str!("catalog/sql/needs.sql"),
            &[(&oid, Type::OID), (&keys_of_parent, Type::BOOL)],
        )
        .await
        .map_err(Error::sql("looking at the rights of the roles concerned"))?;
    Ok(rows.iter().map(|r| r.get(0)).collect())
}

/// What ATTACH PARTITION would have to read for too long under lock, given the size that is to be
/// expected of the table afterwards.
async fn scans(client: &Client, oid: u32, expected: i64) -> Result<Vec<String>> {
    let rows = client
        .query_typed(
            include_str!("catalog/sql/scans.sql"),
            &[(&oid, Type::OID), (&expected, Type::INT8), (&READ_UNDER_LOCK, Type::INT8)],
        )
        .await
        .map_err(Error::sql("looking for what would be read under lock"))?;
    Ok(rows.iter().map(|r| r.get(0)).collect())
}

/// What hangs on the table and on the materialized views over it and cannot be carried over, and
/// what is lacking to carry over the rest.
async fn hanging(
    client: &Client,
    oid: u32,
    keys_of_parent: bool,
) -> Result<(Vec<String>, Vec<String>)> {
    let mut all = dependents(client, oid, keys_of_parent).await?;
    for one in catalog::Describer::prepare(client).await?.matviews(client, oid).await? {
        let name = one.view.name();
        if one.is_of_a_run() {
            all.push(format!("materialized view {name}, in the hands of another table's run"));
        }
        let more = dependents(client, one.oid, false).await?;
        all.extend(more.iter().map(|d| format!("materialized view {name} with {d}")));
    }
    Ok((all, needs(client, oid, keys_of_parent).await?))
}

/// Why a run that another role has begun must not be gone on with by this one, if so.
pub async fn distrust(client: &Client, oid: u32, owner: &str) -> Result<Option<String>> {
    let foreign_code = strings(client, include_str!("catalog/sql/foreign_code.sql"), oid).await?;
    let privileges = privileges(client, oid).await?;
    Ok(privileges.and_then(|p| refusal::distrust(&p, owner, &foreign_code)))
}

/// Whether the server takes writes at all.
pub async fn refuse_read_only(session: &Session, target: &str) -> Result<()> {
    let row = session
        .query_one(
            "SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only') = 'on',
                    pg_catalog.current_setting('server_version_num')::int",
            &[],
        )
        .await
        .map_err(Error::sql("looking at the server"))?;
    let reason = if row.get(0) {
        "the server is a standby, which takes no writes: connect to the primary (target_session_attrs=read-write finds it)".to_owned()
    } else if row.get(1) {
        "transactions are read-only here, even after default_transaction_read_only was set off"
            .to_owned()
    } else if row.get::<_, i32>(2) < 140_000 {
        format!("PostgreSQL {} is too old: repackd needs 14 or later", row.get::<_, i32>(2) / 10000)
    } else {
        return Ok(());
    };
    Err(Error::Refused { table: target.to_owned(), reasons: vec![reason] })
}

async fn strings(client: &Client, sql: &str, oid: u32) -> Result<Vec<String>> {
    let rows = client
        .query_typed(sql, &[(&oid, Type::OID)])
        .await
        .map_err(Error::sql("reading the catalog"))?;
    Ok(rows.iter().map(|r| r.get(0)).collect())
}

async fn privileges(client: &Client, oid: u32) -> Result<Option<Privileges>> {
    let row = client
        .query_typed_opt(include_str!("catalog/sql/privileges.sql"), &[(&oid, Type::OID)])
        .await
        .map_err(Error::sql("looking at privileges"))?;
    Ok(row.map(|r| Privileges {
        login: r.get("login"),
        database: r.get("database"),
        is_owner: r.get("is_owner"),
        may_set_role: r.get("may_set_role"),
        create_database: r.get("create_database"),
        owner_schema_usage: r.get("owner_schema_usage"),
        owner_schema_create: r.get("owner_schema_create"),
        owner_select: r.get("owner_select"),
        owner_trigger: r.get("owner_trigger"),
        owner_write: r.get("owner_write"),
        tablespaces: r.get("tablespaces"),
        foreign_roles: r.get("foreign_roles"),
        xid_age: r.get("xid_age"),
        xid_limit: r.get("xid_limit"),
        multixact_age: r.get("multixact_age"),
        multixact_limit: r.get("multixact_limit"),
        power: r.get("power"),
        owner_bypasses_rls: r.get("owner_bypasses_rls"),
    }))
}
