//! Functions and procedures with a body in standard SQL, which is bound to the table it names.

use super::Script;
use crate::catalog::attached::Function;

/// On: CREATE OR REPLACE keeps their OID and privileges.
pub fn on<'a>(script: &mut Script<'a>, functions: &'a [Function]) {
    for function in functions {
        script.able(&function.owner, function.able, function.definition.trim_end());
    }
}
