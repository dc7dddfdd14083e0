//! Rules: the table's own are made anew; those of other relations are replaced, which keeps what
//! else is known of them.

use super::{Script, enabling};
use crate::catalog::attached::Rule;
use crate::names::ident;

/// On.
pub fn on<'a>(script: &mut Script<'a>, rules: &'a [Rule]) {
    for rule in rules {
        let definition = rule.definition.trim_end().trim_end_matches(';');
        if !rule.own {
            let replace = definition.replacen("CREATE RULE", "CREATE OR REPLACE RULE", 1);
            script.able(&rule.owner, rule.able, replace);
            continue;
        }
        script.owner(definition);
        if let Some(how) = enabling(&rule.enabled) {
            let (table, name) = (rule.relation.sql(), ident(&rule.name));
            script.owner(format!("ALTER TABLE {table} {how} RULE {name}"));
        }
        if let Some(text) = &rule.comment {
            script.owner(super::comment("RULE", &rule.name, &rule.relation, text));
        }
    }
}
