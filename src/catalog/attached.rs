//! What hangs on a table from outside, or could not be on its shadow before the exchange: each kind
//! as its catalog query gives it. The statements that take it off and put it on again are built in
//! [`crate::sql::attached`].

use crate::names::QualifiedName;
use serde::{Deserialize, Serialize};

/// All of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    /// Foreign keys of the table and to it.
    pub foreign_keys: Vec<ForeignKey>,
    /// Its triggers, and constraint triggers of other tables that are FROM it.
    pub triggers: Vec<Trigger>,
    /// Its rules, and those of other relations that name it.
    pub rules: Vec<Rule>,
    /// Its row security policies, and those of other tables that read it.
    pub policies: Vec<Policy>,
    /// Views that name it.
    pub views: Vec<View>,
    /// Functions with a body in standard SQL that name it.
    pub functions: Vec<Function>,
    /// Publications that name it.
    pub publications: Vec<Publication>,
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignKey {
    /// Its name.
    pub name: String,
    /// The table that has it.
    pub table: QualifiedName,
    /// The owner of that table.
    pub owner: String,
    /// Whether that is the table at hand.
    pub own: bool,
    /// The table it refers to.
    pub references: QualifiedName,
    /// `pg_get_constraintdef`.
    pub definition: String,
    /// `convalidated`.
    pub validated: bool,
    /// `conenforced` (18).
    pub enforced: bool,
    /// MATCH FULL.
    pub full: bool,
    /// The referring columns.
    pub columns: Vec<String>,
    /// The columns they refer to.
    pub foreign_columns: Vec<String>,
    /// Whether its owner has the rights that making it anew takes; otherwise the login role does it.
    pub able: bool,
    /// Whether its owner can validate it; with row security forced on him the login role does.
    #[serde(default)]
    pub validates: bool,
    /// Its comment.
    pub comment: Option<String>,
}

impl ForeignKey {
    /// Whether it has to be validated after the exchange.
    pub fn is_to_validate(&self) -> bool {
        self.validated && self.enforced
    }
}

/// A trigger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// Its name.
    pub name: String,
    /// The table that has it.
    pub table: QualifiedName,
    /// The owner of that table.
    pub owner: String,
    /// Whether that is the table at hand. Otherwise it is a constraint trigger FROM the table.
    pub own: bool,
    /// `pg_get_triggerdef`.
    pub definition: String,
    /// `tgenabled`.
    pub enabled: String,
    /// Whether its owner has the rights that making it anew takes; otherwise the login role does it.
    pub able: bool,
    /// Its comment.
    pub comment: Option<String>,
    /// The comment on the constraint of a constraint trigger.
    pub constraint_comment: Option<String>,
}

/// A rule, but not the one that makes a view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// The relation that has it.
    pub relation: QualifiedName,
    /// The owner of that relation.
    pub owner: String,
    /// Whether that is the table at hand.
    pub own: bool,
    /// `pg_get_ruledef`.
    pub definition: String,
    /// `ev_enabled`.
    pub enabled: String,
    /// Whether its owner has the rights that making it anew takes; otherwise the login role does it.
    pub able: bool,
    /// Its comment.
    pub comment: Option<String>,
}

/// A row security policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// The table that has it.
    pub table: QualifiedName,
    /// The owner of that table.
    pub owner: String,
    /// Whether that is the table at hand.
    pub own: bool,
    /// `polcmd`.
    pub command: String,
    /// AS PERMISSIVE, not AS RESTRICTIVE.
    pub permissive: bool,
    /// Whom it is for; `None` is PUBLIC.
    pub roles: Option<Vec<String>>,
    /// USING.
    pub using: Option<String>,
    /// WITH CHECK.
    pub check: Option<String>,
    /// Whether its owner has the rights that making it anew takes; otherwise the login role does it.
    pub able: bool,
    /// Its comment.
    pub comment: Option<String>,
}

/// A view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// Its name.
    pub name: QualifiedName,
    /// Its owner.
    pub owner: String,
    /// `pg_get_viewdef`.
    pub definition: String,
    /// security_barrier and the like.
    pub options: Vec<String>,
    /// Whether its owner has the rights that making it anew takes; otherwise the login role does it.
    pub able: bool,
}

/// A function or procedure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// Its name and argument types, as SQL.
    pub name: String,
    /// Its schema.
    pub schema: String,
    /// Its owner.
    pub owner: String,
    /// `pg_get_functiondef`.
    pub definition: String,
    /// Whether its owner has the rights that making it anew takes; otherwise the login role does it.
    pub able: bool,
}

/// The table's part in a publication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    /// The publication.
    pub name: String,
    /// Its owner.
    pub owner: String,
    /// The columns, if not all (15).
    #[serde(default)]
    pub columns: Option<Vec<String>>,
    /// The row filter (15).
    #[serde(default)]
    pub filter: Option<String>,
}
