//! The `repackd` command.
fn main() {}
