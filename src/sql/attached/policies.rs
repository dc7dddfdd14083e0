//! Row security policies: the table's own are made anew, those of other tables are pointed at it.

use super::Script;
use crate::catalog::attached::Policy;
use crate::names::ident;

/// On.
pub fn on<'a>(script: &mut Script<'a>, policies: &'a [Policy]) {
    for policy in policies {
        let conditions = conditions(policy);
        let (name, table) = (ident(&policy.name), policy.table.sql());
        if !policy.own {
            let alter = format!("ALTER POLICY {name} ON {table}{conditions}");
            script.able(&policy.owner, policy.able, alter);
            continue;
        }
        let sort = if policy.permissive { "PERMISSIVE" } else { "RESTRICTIVE" };
        let roles = match &policy.roles {
            None => "PUBLIC".to_owned(),
            Some(roles) => roles.iter().map(|r| ident(r)).collect::<Vec<_>>().join(", "),
        };
        let command = command(&policy.command);
        script.owner(format!(
            "CREATE POLICY {name} ON {table} AS {sort} FOR {command} TO {roles}{conditions}"
        ));
        if let Some(text) = &policy.comment {
            script.owner(super::comment("POLICY", &policy.name, &policy.table, text));
        }
    }
}

fn conditions(policy: &Policy) -> String {
    let clause = |word: &str, expression: &Option<String>| match expression {
        Some(expression) => format!(" {word} ({expression})"),
        None => String::new(),
    };
    clause("USING", &policy.using) + &clause("WITH CHECK", &policy.check)
}

fn command(letter: &str) -> &'static str {
    match letter {
        "r" => "SELECT",
        "a" => "INSERT",
        "w" => "UPDATE",
        "d" => "DELETE",
        _ => "ALL",
    }
}
