//! Preflight: everything about a table read in one snapshot, and whether it can be repacked.

use crate::catalog::{self, Key, TableDescription, key, lookup::Found};
use crate::error::{Error, Result};
use crate::names::RunNames;
use crate::pg::{READ_ONLY, Session, transaction};
use crate::refusal::{self, Facts, Privileges};
use tokio_postgres::{Client, types::Type};

/// The table as it is, and every reason against repacking it.
#[derive(Debug, Clone)]
pub struct Preflight {
    /// The description.
    pub description: TableDescription,
    /// The key, if there is one.
    pub key: Option<Key>,
    /// Who logs in.
    pub login: String,
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
        let description = catalog::describe(client, oid).await?.ok_or_else(dropped)?;
        let privileges = privileges(client, oid).await?.ok_or_else(dropped)?;
        let (key, dependents, needs, foreign_code) = if description.relation.kind == "r" {
            tokio::try_join!(
                key::choose(client, oid),
                dependents(client, oid),
                needs(client, oid),
                strings(client, include_str!("catalog/sql/foreign_code.sql"), oid)
            )?
        } else {
            Default::default()
        };
        let facts =
            Facts { description, key, privileges, dependents, needs, foreign_code, trust_owner };
        let reasons = refusal::reasons(&facts);
        Ok(Preflight {
            description: facts.description,
            key: facts.key,
            login: facts.privileges.login,
            reasons,
        })
    })
    .await
}

/// Lists whatever hangs on a table and cannot be carried over: $1 its OID, $2 triggers to leave out.
pub const DEPENDENTS: &str = include_str!("catalog/sql/dependents.sql");

/// Whatever hangs on the table and cannot be carried over, repackd's own triggers left out.
pub async fn dependents(client: &Client, oid: u32) -> Result<Vec<String>> {
    let own: &[String] = &RunNames::new(oid).triggers();
    let rows = client
        .query_typed(DEPENDENTS, &[(&oid, Type::OID), (&own, Type::TEXT_ARRAY)])
        .await
        .map_err(Error::sql("listing what depends on the table"))?;
    Ok(rows.iter().map(|r| r.get(0)).collect())
}

/// What the roles concerned lack to carry over what can be, as seen by the login role.
pub async fn needs(client: &Client, oid: u32) -> Result<Vec<String>> {
    strings(client, include_str!("catalog/sql/needs.sql"), oid).await
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
        login_is_superuser: r.get("login_is_superuser"),
        owner_is_superuser: r.get("owner_is_superuser"),
        owner_bypasses_rls: r.get("owner_bypasses_rls"),
    }))
}
