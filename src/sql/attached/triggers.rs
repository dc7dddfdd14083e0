//! Triggers. On only in the exchange: on the shadow they would fire for every row that is copied.

use super::{Script, enabling};
use crate::catalog::attached::Trigger;
use crate::names::{QualifiedName, ident};

/// On.
pub fn on<'a>(script: &mut Script<'a>, table: &QualifiedName, triggers: &'a [Trigger]) {
    for trigger in triggers {
        script.owner(&trigger.definition);
        if let Some(how) = enabling(&trigger.enabled) {
            let name = ident(&trigger.name);
            script.owner(format!("ALTER TABLE {} {how} TRIGGER {name}", table.sql()));
        }
        if let Some(text) = &trigger.comment {
            script.owner(super::comment("TRIGGER", &trigger.name, table, text));
        }
        if let Some(text) = &trigger.constraint_comment {
            script.owner(super::comment("CONSTRAINT", &trigger.name, table, text));
        }
    }
}
