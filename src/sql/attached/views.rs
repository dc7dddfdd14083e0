//! Views: CREATE OR REPLACE points them at the new table and keeps their OID, and with it their
//! privileges, comments, defaults, rules and triggers, and the views on them.

use super::Script;
use crate::catalog::attached::View;
use crate::sql::options;

/// On.
pub fn on<'a>(script: &mut Script<'a>, views: &'a [View]) {
    for view in views {
        let list = options::list(&view.options, "");
        let with = if list.is_empty() { list } else { format!(" WITH ({list})") };
        let definition = view.definition.trim().trim_end_matches(';');
        let create = format!("CREATE OR REPLACE VIEW {}{with} AS {definition}", view.name.sql());
        script.able(&view.owner, view.able, create);
    }
}
