//! Privileges, rebuilt entry by entry.

use crate::catalog::acl::{AclItem, items};
use crate::catalog::{Column, Grant, TableDescription};
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
    let columns = || {
        let all = description.columns.iter();
        all.filter_map(|c| Some((&c.name, c.acl.as_deref()?, is_stranded(description, c))))
    };
    for (name, acl, _) in columns().filter(|(.., stranded)| *stranded) {
        // Who may grant on the column itself is not to lose that.
        let lent: BTreeSet<(&str, &str)> = acl
            .iter()
            .filter(|g| g.grantor != *owner && !holds(acl, g))
            .map(|g| (g.privilege.as_str(), g.grantor.as_str()))
            .collect();
        let lend = lent.iter().map(|(privilege, role)| {
            format!("GRANT {privilege} ON TABLE {table} TO {} WITH GRANT OPTION", ident(role))
        });
        statements.extend(lend);
        object(&mut statements, owner, "TABLE", table, Some(name), Some(acl));
        let back = lent.iter().map(|(privilege, role)| {
            format!("REVOKE {privilege} ON TABLE {table} FROM {}", ident(role))
        });
        statements.extend(back);
    }
    object(&mut statements, owner, "TABLE", table, None, description.relation.acl.as_deref());
    for (name, acl, _) in columns().filter(|(.., stranded)| !stranded) {
        object(&mut statements, owner, "TABLE", table, Some(name), Some(acl));
    }
    for sequence in description.sequences.iter().filter(|s| s.identity) {
        let name = format!("{}.{}", ident(schema), ident(&sequence.name));
        statements.push(super::schemas::seal("SEQUENCE", &name));
        object(&mut statements, owner, "SEQUENCE", &name, None, sequence.acl.as_deref());
    }
    statements
}

/// Whether somebody granted something on the column who could not do so any more: he had the right to
/// from the whole table, and when that was taken from him his grant stayed. He is lent it once more for
/// as long as it takes, before anything else is granted that taking it back would touch.
fn is_stranded(description: &TableDescription, column: &Column) -> bool {
    let whole = description.relation.acl.as_deref().unwrap_or_default();
    let acl = column.acl.as_deref().unwrap_or_default();
    let able =
        |g: &Grant| g.grantor == description.relation.owner || holds(whole, g) || holds(acl, g);
    !acl.iter().all(able)
}

/// Whether the grantor has there what he grants, with the right to grant it.
fn holds(acl: &[Grant], grant: &Grant) -> bool {
    acl.iter().any(|held| {
        held.grantable
            && held.grantee.as_ref() == Some(&grant.grantor)
            && held.privilege == grant.privilege
    })
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
