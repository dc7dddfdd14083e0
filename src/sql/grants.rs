//! Privileges, rebuilt entry by entry.

use crate::catalog::acl::{AclItem, items};
use crate::catalog::{Grant, TableDescription};
use crate::names::ident;
use std::collections::BTreeSet;

/// Gives the table, its columns and its identity sequences exactly the privileges described, in
/// the order of the ACL arrays. They are in `schema`, which is the run's own. What the objects have
/// before must have been granted by the owner.
///
/// `SET LOCAL ROLE` changes the grantor where that is not the owner; the role is the owner's again
/// at the end.
pub fn exact(description: &TableDescription, table: &str, schema: &str) -> Vec<String> {
    let mut statements = admit(description, &description.relation.owner, schema);
    statements.extend(given(description, table, schema));
    statements
}

/// Lets everybody into `schema` who granted anything. Run as the schema's owner.
pub fn admit(description: &TableDescription, owner: &str, schema: &str) -> Vec<String> {
    let others = grantors(description).into_iter().filter(|g| *g != owner);
    others.map(|g| format!("GRANT USAGE ON SCHEMA {} TO {}", ident(schema), ident(g))).collect()
}

/// The privileges themselves. Run as the owner of what is described.
pub fn given(description: &TableDescription, table: &str, schema: &str) -> Vec<String> {
    let owner = &description.relation.owner;
    let mut statements = Vec::new();
    object(&mut statements, owner, "TABLE", table, None, description.relation.acl.as_deref());
    for column in &description.columns {
        if let Some(acl) = &column.acl {
            object(&mut statements, owner, "TABLE", table, Some(&column.name), Some(acl));
        }
    }
    for sequence in description.sequences.iter().filter(|s| s.identity) {
        let name = format!("{}.{}", ident(schema), ident(&sequence.name));
        statements.push(super::schemas::seal("SEQUENCE", &name));
        object(&mut statements, owner, "SEQUENCE", &name, None, sequence.acl.as_deref());
    }
    statements
}

/// Everyone who granted anything.
fn grantors(description: &TableDescription) -> BTreeSet<&str> {
    let columns = description.columns.iter().map(|c| &c.acl);
    let sequences = description.sequences.iter().filter(|s| s.identity).map(|s| &s.acl);
    let all = columns.chain(sequences).chain([&description.relation.acl]);
    all.flatten().flatten().map(|g| g.grantor.as_str()).collect()
}

fn object(
    statements: &mut Vec<String>,
    owner: &str,
    kind: &str,
    name: &str,
    column: Option<&str>,
    acl: Option<&[Grant]>,
) {
    // The array begins empty, or its order would be that of an earlier GRANT.
    if column.is_none() {
        statements.push(format!("REVOKE ALL ON {kind} {name} FROM {}", ident(owner)));
    }
    let mut role = owner;
    for item in items(acl.unwrap_or_default()) {
        if item.grantor != role {
            statements.push(format!("SET LOCAL ROLE {}", ident(item.grantor)));
            role = item.grantor;
        }
        statements.extend(grant(&item, kind, name, column));
    }
    if role != owner {
        statements.push(format!("SET LOCAL ROLE {}", ident(owner)));
    }
}

fn grant(item: &AclItem<'_>, kind: &str, name: &str, column: Option<&str>) -> Vec<String> {
    let grantee = item.grantee.map_or_else(|| "PUBLIC".to_owned(), ident);
    let list = |privileges: &[&str]| -> String {
        let with_column = |p: &&str| match column {
            Some(column) => format!("{p} ({})", ident(column)),
            None => (*p).to_owned(),
        };
        privileges.iter().map(with_column).collect::<Vec<_>>().join(", ")
    };
    let mut statements = Vec::new();
    for (privileges, option) in [(&item.plain, ""), (&item.grantable, " WITH GRANT OPTION")] {
        if !privileges.is_empty() {
            statements
                .push(format!("GRANT {} ON {kind} {name} TO {grantee}{option}", list(privileges)));
        }
    }
    statements
}
