//! Publications that name the table. The shadow is in none of them while it is filled, so that
//! subscribers see nothing of the copy; later changes come from the new table under the old name.

use super::Script;
use crate::catalog::attached::Publication;
use crate::names::{QualifiedName, ident};

/// Off the old table, while that has its name.
pub fn off<'a>(script: &mut Script<'a>, table: &QualifiedName, publications: &'a [Publication]) {
    for publication in publications {
        let name = ident(&publication.name);
        alter(
            script,
            publication,
            format!("ALTER PUBLICATION {name} DROP TABLE ONLY {}", table.sql()),
        );
    }
}

/// On the new one.
pub fn on<'a>(script: &mut Script<'a>, table: &QualifiedName, publications: &'a [Publication]) {
    for publication in publications {
        let columns = match &publication.columns {
            None => String::new(),
            Some(columns) => {
                let list: Vec<_> = columns.iter().map(|c| ident(c)).collect();
                format!(" ({})", list.join(", "))
            }
        };
        let filter = match &publication.filter {
            None => String::new(),
            Some(filter) => format!(" WHERE ({filter})"),
        };
        let (name, table) = (ident(&publication.name), table.sql());
        alter(
            script,
            publication,
            format!("ALTER PUBLICATION {name} ADD TABLE ONLY {table}{columns}{filter}"),
        );
    }
}

/// As the owner of both; where there are two, only a member of both may do it: the login role.
fn alter<'a>(script: &mut Script<'a>, publication: &'a Publication, statement: String) {
    if script.is_owner(&publication.owner) {
        script.owner(statement);
    } else {
        script.login(statement);
    }
}
