//! Why a table is not repacked: pure checks over what the catalog says, one sentence each.

use crate::catalog::{Key, TableDescription};
use crate::names::{QualifiedName, ident, readable};

/// What the login role and the owner may do, from `privileges.sql`.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)] // each field is a column of that query
pub struct Privileges {
    pub login: String,
    pub database: String,
    pub is_owner: bool,
    pub may_set_role: bool,
    pub create_database: bool,
    pub owner_schema_usage: bool,
    pub owner_schema_create: bool,
    pub owner_select: bool,
    pub owner_trigger: bool,
    pub owner_write: bool,
    pub tablespaces: Vec<String>,
    pub foreign_roles: Vec<String>,
    pub xid_age: Option<i64>,
    pub xid_limit: i64,
    pub multixact_age: Option<i64>,
    pub multixact_limit: i64,
    pub power: Option<String>,
    pub owner_bypasses_rls: bool,
}

/// All that the checks look at.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The table.
    pub description: TableDescription,
    /// Its key, if it has one.
    pub key: Option<Key>,
    /// Rights.
    pub privileges: Privileges,
    /// Whatever hangs on the table and is not a part of it.
    pub dependents: Vec<String>,
    /// What the roles concerned lack to carry over what hangs on it, one sentence each.
    pub needs: Vec<String>,
    /// What the cutover would have to read for too long under lock, one sentence each.
    pub scans: Vec<String>,
    /// Functions not PostgreSQL's own that writing a row would run.
    pub foreign_code: Vec<String>,
    /// The operator trusts the owners of tables (`trust_owner`).
    pub trust_owner: bool,
}

/// Every reason not to repack the table; empty if there is none.
pub fn reasons(facts: &Facts) -> Vec<String> {
    let mut reasons = kind(facts);
    if reasons.is_empty() {
        reasons.extend(privileges(facts));
        reasons.extend(shape(facts));
        reasons.extend(wraparound(facts));
        reasons.extend(matviews(&facts.description));
        reasons.extend(
            facts
                .dependents
                .iter()
                .map(|d| format!("it has {d}, which this version of repackd does not carry over")),
        );
        reasons.extend(facts.needs.iter().cloned());
        reasons.extend(facts.scans.iter().cloned());
        reasons.extend(key(facts));
        if !facts.trust_owner {
            let owner = &facts.description.relation.owner;
            reasons.extend(distrust(&facts.privileges, owner, &facts.foreign_code));
        }
    }
    reasons
}

/// Not an ordinary table at all.
fn kind(facts: &Facts) -> Vec<String> {
    let r = &facts.description.relation;
    let what = match r.kind.as_str() {
        "r" if r.schema == "pg_catalog"
            || r.schema == "information_schema"
            || r.schema == "pg_toast" =>
        {
            "it is a system catalog"
        }
        "r" if r.persistence == "t" => {
            "it is a temporary table, which only its own session can use"
        }
        "r" => return vec![],
        "p" => "it is a partitioned table without partitions, so it holds no rows",
        "v" => "it is a view",
        "m" => "it is a materialized view; REFRESH MATERIALIZED VIEW writes it anew",
        "f" => "it is a foreign table, whose rows are elsewhere",
        "S" => "it is a sequence",
        "t" => "it is a TOAST table; repack the table it belongs to",
        "i" | "I" => "it is an index; repack the table it belongs to, or REINDEX CONCURRENTLY",
        "c" => "it is a composite type",
        _ => "it is not a table",
    };
    vec![what.to_owned()]
}

fn privileges(facts: &Facts) -> Vec<String> {
    let (p, r) = (&facts.privileges, &facts.description.relation);
    let mut reasons = Vec::new();
    if !p.is_owner {
        return vec![format!(
            "role {} is neither its owner nor a member of the owner: GRANT {} TO {}",
            readable(&p.login),
            ident(&r.owner),
            ident(&p.login)
        )];
    }
    if !p.may_set_role {
        reasons.push(format!(
            "role {0} may not become its owner {1}: GRANT {2} TO {3} WITH SET TRUE",
            readable(&p.login),
            readable(&r.owner),
            ident(&r.owner),
            ident(&p.login)
        ));
    }
    if !p.create_database {
        reasons.push(format!(
            "role {} may not create schemas in the database: GRANT CREATE ON DATABASE {} TO {}",
            readable(&p.login),
            ident(&p.database),
            ident(&p.login)
        ));
    }
    let owner = readable(&r.owner);
    let to = format!("TO {}", ident(&r.owner));
    if !(p.owner_schema_create && p.owner_schema_usage) {
        reasons.push(format!(
            "its owner {owner} may not create tables in its schema: GRANT USAGE, CREATE ON SCHEMA {} {to}",
            ident(&r.schema)
        ));
    }
    let table = facts.description.name().sql();
    if !(p.owner_select && p.owner_trigger && p.owner_write) {
        reasons.push(format!(
            "its owner {owner} has revoked rights on it from itself: GRANT SELECT, UPDATE, TRIGGER ON {table} {to}"
        ));
    }
    for role in &p.foreign_roles {
        reasons.push(format!(
            "role {} granted privileges on it or owns statistics of it, which only a member of that role can rebuild: GRANT {} TO {}",
            readable(role),
            ident(role),
            ident(&p.login)
        ));
    }
    for tablespace in &p.tablespaces {
        reasons.push(format!(
            "its owner {owner} may not create in tablespace {}: GRANT CREATE ON TABLESPACE {} {to}",
            readable(tablespace),
            ident(tablespace)
        ));
    }
    reasons
}

fn shape(facts: &Facts) -> Vec<String> {
    let d = &facts.description;
    let r = &d.relation;
    let mut reasons = Vec::new();
    if r.access_method.as_deref() != Some("heap") {
        reasons.push(format!(
            "it uses table access method {}, not heap",
            r.access_method.as_deref().unwrap_or("(none)")
        ));
    }
    if let Some(of_type) = &r.of_type {
        reasons.push(format!("it is a typed table, of type {of_type}"));
    }
    if r.row_security && r.force_row_security && !facts.privileges.owner_bypasses_rls {
        reasons.push(format!(
            "row security is forced on its owner, who would not see every row: ALTER ROLE {} BYPASSRLS, or ALTER TABLE {} NO FORCE ROW LEVEL SECURITY while it is repacked",
            ident(&r.owner),
            d.name().sql()
        ));
    }
    if d.copied_columns().next().is_none() {
        reasons.push("it has no column that can be written".into());
    }
    for index in d.indexes.iter().filter(|i| !i.valid) {
        let name = QualifiedName::new(&r.schema, &index.name);
        reasons.push(format!(
            "its index {name} is invalid: REINDEX INDEX CONCURRENTLY {0}, or DROP INDEX CONCURRENTLY {0}",
            name.sql()
        ));
    }
    let mut names: Vec<_> = d.statistics.iter().map(|s| &s.name).collect();
    names.sort();
    if names.windows(2).any(|w| w[0] == w[1]) {
        reasons.push("it has two statistics objects of the same name in different schemas".into());
    }
    reasons
}

/// Percent of the age at which autovacuum comes to prevent wraparound. That one does not give way to
/// anybody, and must not be made to wait for a copy that takes hours.
const NEAR_WRAPAROUND: i64 = 95;

fn wraparound(facts: &Facts) -> Vec<String> {
    let p = &facts.privileges;
    let ages = [
        ("transaction ID", p.xid_age, p.xid_limit),
        ("multixact ID", p.multixact_age, p.multixact_limit),
    ];
    let near = ages.into_iter().filter_map(|(what, age, limit)| {
        let age = age.filter(|age| *age >= limit / 100 * NEAR_WRAPAROUND)?;
        Some(format!(
            "its oldest {what} is {age} old, and at {limit} autovacuum comes to prevent wraparound: VACUUM (FREEZE) {} first",
            facts.description.name().sql()
        ))
    });
    near.collect()
}

/// The copies of the table, of the materialized views over it and of their indexes are in one schema
/// until the exchange, and so are the old ones after it.
fn matviews(d: &TableDescription) -> Vec<String> {
    let all = std::iter::once(d).chain(d.attached.matviews.iter().map(|m| &m.description));
    let (mut relations, mut statistics) = (Vec::new(), Vec::new());
    for one in all {
        let identities = one.sequences.iter().filter(|s| s.identity).map(|s| &s.name);
        let indexes = one.indexes.iter().map(|i| &i.name);
        let names = std::iter::once(&one.relation.name).chain(indexes).chain(identities);
        relations.extend(names.map(|n| (n, one.name())));
        statistics.extend(one.statistics.iter().map(|s| (&s.name, one.name())));
    }
    let mut reasons = Vec::new();
    for mut names in [relations, statistics] {
        names.sort();
        for pair in names.windows(2).filter(|w| w[0].0 == w[1].0 && w[0].1 != w[1].1) {
            reasons.push(format!(
                "{} and {}, which has to be built anew with it, both have something called {}, and would be in one schema meanwhile: rename one of the two",
                pair[0].1,
                pair[1].1,
                readable(pair[0].0)
            ));
        }
    }
    reasons
}

/// What is lacking to build a materialized view with all it has.
pub fn matview_privileges(name: &QualifiedName, owner: &str, p: &Privileges) -> Vec<String> {
    let roles = p.foreign_roles.iter().map(|role| {
        format!(
            "role {} granted privileges on its materialized view {name} or owns statistics of it, which only a member of that role can rebuild: GRANT {} TO {}",
            readable(role),
            ident(role),
            ident(&p.login)
        )
    });
    let tablespaces = p.tablespaces.iter().map(|tablespace| {
        format!(
            "the owner of its materialized view {name} may not create in tablespace {}: GRANT CREATE ON TABLESPACE {} TO {}",
            readable(tablespace),
            ident(tablespace),
            ident(owner)
        )
    });
    roles.chain(tablespaces).collect()
}

fn key(facts: &Facts) -> Vec<String> {
    let d = &facts.description;
    if let Some(key) = &facts.key {
        // The key's index is built first, and ATTACH PARTITION takes the older of two equal ones.
        let second = d.indexes.iter().any(|i| i.name == key.index && i.turn > 0);
        let twins = format!(
            "the index of its key, {}, is equal to another that is a part of an older index of its parent and is no key itself: drop one of the two indexes of the parent",
            readable(&key.index)
        );
        return if second { vec![twins] } else { vec![] };
    }
    let id = ["id", "repack_id", "row_id"]
        .into_iter()
        .find(|n| d.columns.iter().all(|c| c.name != *n))
        .unwrap_or("repackd_id");
    vec![format!(
        "it has no key: a primary key, or a unique index over NOT NULL columns that is not partial, deferrable or over expressions. To add one: ALTER TABLE {} ADD COLUMN {} bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY (this rewrites the table), or ADD PRIMARY KEY (columns)",
        d.name().sql(),
        ident(id)
    )]
}

/// `SET ROLE` is no wall against code that says `RESET ROLE`, and the owner of a table has many
/// ways to have code of his run by whoever writes to it or to its shadow. Refused if that would give
/// him the server.
pub fn distrust(p: &Privileges, owner: &str, foreign_code: &[String]) -> Option<String> {
    let power = p.power.as_ref()?;
    let owner = readable(owner);
    let how = if foreign_code.is_empty() {
        String::new()
    } else {
        format!(" (writing its rows already runs {})", foreign_code.join(", "))
    };
    Some(format!(
        "{} {power} and its owner {owner} is not: code of the owner could be run with a superuser's rights{how}. Connect as {owner} or as a plain member of {owner}, or say trust_owner (--trust-owner) if you trust {owner} with that",
        readable(&p.login),
    ))
}
