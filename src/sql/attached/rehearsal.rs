//! The rehearsal of what hangs on the table: each thing is made a second time, on the shadow or in
//! the run's schema, and printed again. Some texts come out another way than they went in (a row
//! comparison, a bare VALUES): the new object would mean the same and be dumped differently.

use super::Script;
use super::{functions, policies, rules, triggers, views};
use crate::catalog::TableDescription;
use crate::catalog::attached::{Function, Policy, Rule, Trigger, View};
use crate::names::{QualifiedName, ident, literal};
use crate::sql::Subject;
use crate::sql::respell::find_unquoted;

/// One thing to be made and printed.
#[derive(Debug)]
pub struct Trial {
    /// What it is, for people.
    pub what: String,
    /// How to make it, as the table's owner.
    pub statements: Vec<String>,
    /// The query that prints it.
    pub print: String,
    /// How it must be printed.
    pub expected: String,
}

/// The table and its shadow as the server prints their names in definitions.
#[derive(Debug)]
pub struct Printed {
    /// The table.
    pub table: String,
    /// The shadow.
    pub shadow: String,
}

/// The trials, one for each thing that can be tried without a lock on anything but the shadow.
pub fn trials(subject: &Subject, printed: &Printed) -> Vec<Trial> {
    let attached = &super::all(&subject.description);
    let mut trials = Vec::new();
    trials.extend(
        attached
            .triggers
            .iter()
            .filter(|t| t.own && !t.inherited)
            .map(|t| trigger(subject, printed, t)),
    );
    trials.extend(attached.rules.iter().filter(|r| r.own).map(|r| rule(subject, printed, r)));
    trials.extend(attached.policies.iter().filter(|p| p.own).map(|p| policy(subject, p)));
    trials.extend(attached.views.iter().enumerate().map(|(i, v)| view(subject, i, v)));
    trials.extend(attached.functions.iter().map(|f| function(subject, f)));
    trials
}

fn trigger(subject: &Subject, printed: &Printed, trigger: &Trigger) -> Trial {
    let definition = moved(&trigger.definition, " ON ", printed);
    let copy = Trigger {
        table: subject.shadow(),
        definition: definition.clone(),
        enabled: "O".to_owned(),
        comment: None,
        constraint_comment: None,
        ..trigger.clone()
    };
    Trial {
        what: format!("trigger {}", ident(&trigger.name)),
        statements: script(subject, |script| triggers::on(script, std::slice::from_ref(&copy))),
        print: format!(
            "SELECT pg_catalog.pg_get_triggerdef(oid) FROM pg_catalog.pg_trigger WHERE tgrelid = {}::pg_catalog.regclass AND tgname = {}",
            literal(&subject.shadow().sql()),
            literal(&trigger.name)
        ),
        expected: definition,
    }
}

fn rule(subject: &Subject, printed: &Printed, rule: &Rule) -> Trial {
    let definition = moved(&rule.definition, " TO ", printed);
    let copy = Rule {
        relation: subject.shadow(),
        definition: definition.clone(),
        enabled: "O".to_owned(),
        comment: None,
        ..rule.clone()
    };
    Trial {
        what: format!("rule {}", ident(&rule.name)),
        statements: script(subject, |script| rules::on(script, std::slice::from_ref(&copy))),
        print: format!(
            "SELECT pg_catalog.pg_get_ruledef(oid) FROM pg_catalog.pg_rewrite WHERE ev_class = {}::pg_catalog.regclass AND rulename = {}",
            literal(&subject.shadow().sql()),
            literal(&rule.name)
        ),
        expected: definition,
    }
}

fn policy(subject: &Subject, policy: &Policy) -> Trial {
    let copy = Policy { table: subject.shadow(), comment: None, ..policy.clone() };
    let text = |part: &Option<String>| part.clone().unwrap_or_default();
    Trial {
        what: format!("policy {}", ident(&policy.name)),
        statements: script(subject, |script| policies::on(script, std::slice::from_ref(&copy))),
        print: format!(
            "SELECT coalesce(pg_catalog.pg_get_expr(polqual, polrelid), '') || ' / ' || coalesce(pg_catalog.pg_get_expr(polwithcheck, polrelid), '')
             FROM pg_catalog.pg_policy WHERE polrelid = {}::pg_catalog.regclass AND polname = {}",
            literal(&subject.shadow().sql()),
            literal(&policy.name)
        ),
        expected: format!("{} / {}", text(&policy.using), text(&policy.check)),
    }
}

fn view(subject: &Subject, number: usize, view: &View) -> Trial {
    let name = QualifiedName::new(&subject.names.new, format!("repackd_view_{number}"));
    let copy = View { name: name.clone(), ..view.clone() };
    let mut statements = vec![admit(subject, &view.owner)];
    statements.extend(script(subject, |script| views::on(script, std::slice::from_ref(&copy))));
    Trial {
        what: format!("view {}", view.name),
        statements,
        print: format!(
            "SELECT pg_catalog.pg_get_viewdef({}::pg_catalog.regclass)",
            literal(&name.sql())
        ),
        expected: view.definition.clone(),
    }
}

fn function(subject: &Subject, function: &Function) -> Trial {
    let definition = in_schema(&function.definition, &subject.names.new);
    let copy = Function { definition: definition.clone(), ..function.clone() };
    let mut statements = vec![admit(subject, &function.owner)];
    statements.extend(script(subject, |script| functions::on(script, std::slice::from_ref(&copy))));
    Trial {
        what: format!("function {}", function.name),
        statements,
        // The last one made, should several have the same name.
        print: format!(
            "SELECT pg_catalog.pg_get_functiondef(p.oid) FROM pg_catalog.pg_proc p
             JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = {}
             ORDER BY p.oid DESC LIMIT 1",
            literal(&subject.names.new)
        ),
        expected: definition,
    }
}

fn script<'a>(subject: &'a Subject, fill: impl FnOnce(&mut Script<'a>)) -> Vec<String> {
    let table: &TableDescription = &subject.description;
    let mut script = Script::new(&table.relation.owner);
    fill(&mut script);
    script.finish()
}

/// Lets another owner into the run's schema, until the rehearsal is rolled back.
fn admit(subject: &Subject, role: &str) -> String {
    format!("GRANT USAGE, CREATE ON SCHEMA {} TO {}", ident(&subject.names.new), ident(role))
}

/// A definition with the shadow in the table's place behind the first `word`.
fn moved(definition: &str, word: &str, printed: &Printed) -> String {
    let at = find_unquoted(definition, word).map(|at| at + word.len());
    match at.map(|at| definition.split_at(at)) {
        Some((head, tail)) if tail.starts_with(&printed.table) => {
            format!("{head}{}{}", printed.shadow, &tail[printed.table.len()..])
        }
        _ => definition.to_owned(),
    }
}

/// A function's definition in another schema. It keeps its name, by which its body calls its
/// arguments. The run's schemas have names that need no quotes, and are printed without.
fn in_schema(definition: &str, schema: &str) -> String {
    let word = if definition.starts_with("CREATE OR REPLACE PROCEDURE ") {
        "CREATE OR REPLACE PROCEDURE "
    } else {
        "CREATE OR REPLACE FUNCTION "
    };
    let qualified = definition.strip_prefix(word);
    match qualified.and_then(|q| find_unquoted(q, ".").map(|at| &q[at..])) {
        Some(name) => format!("{word}{schema}{name}"),
        None => definition.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_found_behind_odd_names() {
        let printed = Printed { table: "s.\"t ON s\"".into(), shadow: "n.\"t ON s\"".into() };
        assert_eq!(
            moved(
                "CREATE TRIGGER \" ON s.\" AFTER UPDATE OF \"a ON b\" ON s.\"t ON s\" FOR EACH ROW",
                " ON ",
                &printed
            ),
            "CREATE TRIGGER \" ON s.\" AFTER UPDATE OF \"a ON b\" ON n.\"t ON s\" FOR EACH ROW"
        );
        assert_eq!(
            in_schema("CREATE OR REPLACE FUNCTION \"a.b\".\"f(x\"(a int)\n RETURNS", "n"),
            "CREATE OR REPLACE FUNCTION n.\"f(x\"(a int)\n RETURNS"
        );
    }
}
