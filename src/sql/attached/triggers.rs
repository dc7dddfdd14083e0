//! Triggers. On only in the exchange: on the shadow they would fire for every row that is copied.

use super::{Script, enabling};
use crate::catalog::attached::Trigger;
use crate::names::ident;

/// Off: those of other tables, which go on being theirs.
pub fn off<'a>(script: &mut Script<'a>, triggers: &'a [Trigger]) {
    for trigger in triggers.iter().filter(|t| !t.own) {
        let drop = format!("DROP TRIGGER {} ON {}", ident(&trigger.name), trigger.table.sql());
        script.run(&trigger.owner, drop);
    }
}

/// On. Those that a partition has from its parent are there since ATTACH PARTITION, enabled as the
/// parent's; or only once the parent's is on again, if that is FROM the partition.
pub fn on<'a>(script: &mut Script<'a>, triggers: &'a [Trigger]) {
    let (inherited, own): (Vec<_>, Vec<_>) = triggers.iter().partition(|t| t.inherited);
    for trigger in own.into_iter().chain(inherited) {
        if !trigger.inherited {
            script.able(&trigger.owner, trigger.able, &trigger.definition);
        }
        let (table, name) = (&trigger.table, &trigger.name);
        let enabled = trigger.inherited.then_some("ENABLE");
        if let Some(how) = enabling(&trigger.enabled).or(enabled) {
            let enable = format!("ALTER TABLE {} {how} TRIGGER {}", table.sql(), ident(name));
            script.run(&trigger.owner, enable);
        }
        if let Some(text) = &trigger.comment {
            script.run(&trigger.owner, super::comment("TRIGGER", name, table, text));
        }
        if let Some(text) = &trigger.constraint_comment {
            script.run(&trigger.owner, super::comment("CONSTRAINT", name, table, text));
        }
    }
}
