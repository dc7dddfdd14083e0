//! A list of statements that are run by several roles in turn.

use crate::names::ident;

/// Statements, with the changes of role between them. It begins and ends as the table's owner.
#[derive(Debug)]
pub struct Script<'a> {
    owner: &'a str,
    /// `None`: the login role.
    role: Option<&'a str>,
    statements: Vec<String>,
}

impl<'a> Script<'a> {
    /// An empty script.
    pub fn new(owner: &'a str) -> Self {
        Self { owner, role: Some(owner), statements: Vec::new() }
    }

    /// As the table's owner.
    pub fn owner(&mut self, statement: impl Into<String>) {
        self.run(self.owner, statement);
    }

    /// Whether that role is the table's owner.
    pub fn is_owner(&self, role: &str) -> bool {
        self.owner == role
    }

    /// As `role`.
    pub fn run(&mut self, role: &'a str, statement: impl Into<String>) {
        if self.role != Some(role) {
            self.statements.push(format!("SET LOCAL ROLE {}", ident(role)));
            self.role = Some(role);
        }
        self.statements.push(statement.into());
    }

    /// As the login role: what only a member of several roles may do.
    pub fn login(&mut self, statement: impl Into<String>) {
        if self.role.is_some() {
            self.statements.push("SET LOCAL ROLE NONE".to_owned());
            self.role = None;
        }
        self.statements.push(statement.into());
    }

    /// As `role` if that is able, otherwise as the login role.
    pub fn able(&mut self, role: &'a str, able: bool, statement: impl Into<String>) {
        if able { self.run(role, statement) } else { self.login(statement) }
    }

    /// Statements that begin and end as the table's owner.
    pub fn owned(&mut self, statements: impl IntoIterator<Item = String>) {
        for statement in statements {
            self.owner(statement);
        }
    }

    /// The statements, as the server reads them right.
    pub fn finish(mut self) -> Vec<String> {
        if self.role != Some(self.owner) {
            self.statements.push(format!("SET LOCAL ROLE {}", ident(self.owner)));
        }
        super::respell::all(self.statements)
    }
}

#[cfg(test)]
mod tests {
    use super::Script;

    #[test]
    fn the_role_changes_only_where_it_must() {
        let mut script = Script::new("o");
        script.owner("1");
        script.run("p", "2");
        script.run("p", "3");
        script.login("4");
        let want = ["1", "SET LOCAL ROLE \"p\"", "2", "3", "SET LOCAL ROLE NONE", "4"];
        let statements = script.finish();
        assert_eq!(statements[..6], want);
        assert_eq!(statements[6], "SET LOCAL ROLE \"o\"");
    }
}
