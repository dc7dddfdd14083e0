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
        let definition = view.definition.trim_end().trim_end_matches(';');
        let name = view.name.sql();
        script.run(
            &view.owner,
            format!(
                "CREATE OR REPLACE VIEW {name}{with} AS{}{definition}",
                if definition.starts_with(char::is_whitespace) { "" } else { " " }
            ),
        );
    }
}
